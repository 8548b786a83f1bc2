import { stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { FunctionSummary, PublicToken } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { runtimeOf } from '@parallel-pilot/shared/kinds/function/name.ts';
import type { DeployFunction } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { Command } from 'commander';
import type { z } from 'zod';
import type { Api } from '../../api/client.ts';
import { connect } from '../../api/connect.ts';
import { hashFile, uploadFile } from '../../api/upload.ts';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../../options.ts';
import {
  type PackageFlags,
  type PackagesGiven,
  readPackages,
  readPython,
  sentPackages,
  wheelsName,
  withPackages,
} from '../../run/packages.ts';
import { SentenceError } from '../../sentence-error.ts';
import { print, printJson } from '../../text/print.ts';
import { bytesOf, secondsOf } from './amounts.ts';
import { ask, pathOf } from './request.ts';
import { settingsInWords } from './settings-words.ts';
import { publicLines } from './steer.ts';

type Flags = ApiFlags &
  PackageFlags & {
    files?: string[];
    min?: number;
    max?: number;
    timeout?: string;
    memory?: string;
    cpus?: number;
    concurrency?: number;
    idle?: string;
    queue?: number;
    public?: boolean;
    image?: string;
  };

/** `pilot function deploy NAME HANDLER`: the next version of a function, active from then on. */
export function deployCommand(context: Context): Command {
  const command = new Command('deploy')
    .summary('deploy a handler as the next version of a function')
    .argument('<name>', 'what the function is called by: small letters, digits and -')
    .argument('[handler]', 'its file: .py, .js or .mjs')
    .option('--files <path...>', 'files that go along, from the folder of the handler')
    .option('--min <n>', 'instances that are kept while nobody calls (0)', wholeNumber(0, 100))
    .option('--max <n>', 'instances that there may be (8)', wholeNumber(1, 100))
    .option('--timeout <time>', 'what a call may take, such as 30s or 2m (30s)')
    .option('--memory <size>', "memory of an instance, such as 512M (a slot's part of its worker)")
    .option('--cpus <n>', 'threads of an instance', wholeNumber(1, 256))
    .option('--concurrency <n>', 'calls that an instance takes at once (1)', wholeNumber(1, 100))
    .option('--idle <time>', 'an instance that nobody calls for so long ends (60s)')
    .option('--queue <n>', 'calls that may wait for an instance (1000)', wholeNumber(0, 10_000))
    .option('--public', 'let whoever has a token call it, and print that once')
    .option('--image <image>', 'run the handler in an image, with its python3 or node');
  withPackages(command, 'handler, in Python');
  withJson(withServer(command));
  withExamples(command, [
    'pilot function deploy hello handler.py',
    'pilot function deploy resize resize.mjs --files lib --max 4 --timeout 2m --memory 512M --concurrency 4',
    'pilot function deploy hello handler.py --image python:3.12-slim',
  ]);
  return command.action(async (name: string, handler: string | undefined, flags: Flags) => {
    if (flags.image !== undefined && IS_FILE.test(flags.image)) throw new SentenceError(NO_ARCHIVES);
    if (handler === undefined) throw new SentenceError('Name the file of the handler: .py, .js or .mjs.');
    const api = await connect(context.config, flags);
    const made = await deploy(api, context, { ...flags, name, handler });
    const open = flags.public ? await ask(api, 'POST', pathOf(name, '/public'), PublicToken) : null;
    if (flags.json) return printJson(context.stdout, open === null ? made : { ...made, public: open }, 2);
    print(context.stdout, [
      `${made.name} is deployed as version ${made.version}: ${settingsInWords(made.settings)}.`,
      ...(made.servedBy === made.version
        ? []
        : [`Version ${made.servedBy} takes the calls until its packages are installed.`]),
      `Call it:  pilot function invoke ${made.name} --data '{}'`,
      `          POST ${new URL(made.path, api.connection.url)}`,
      ...(open === null ? [] : publicLines(new URL(open.path, api.connection.url).href, open.token)),
    ]);
  });
}

/** What can only be the path of an archive. */
const IS_FILE = /^[./~]|\.(tar|tgz|tar\.gz)$/;
const NO_ARCHIVES =
  '--image takes the name of an image here, such as python:3.12-slim, and no archive. Push it to a registry that the workers reach, or load it into the podman of workers that are started with PILOT_CONTAINER_OWN_IMAGES=1.';

async function deploy(
  api: Api,
  { config }: Pick<Context, 'config'>,
  { name, handler, ...flags }: Flags & { name: string; handler: string },
): Promise<FunctionSummary> {
  if (runtimeOf(handler) === null)
    throw new SentenceError(`${handler} is no handler: it has to be Python (.py) or JavaScript (.js, .mjs).`);
  const packages = await readPackages(flags.requirements, flags.wheels);
  const python = readPython(flags.python);
  const files = await uploadFiles(api, handler, flags.files ?? []);
  const brought = await uploadPackages(api, packages, config.dataFolder);
  const { min, max, cpus, concurrency, queue } = flags;
  const settings = {
    min,
    max: max ?? (min !== undefined && min > 8 ? min : undefined),
    cpus,
    concurrency,
    queue,
    timeoutSeconds: secondsOf('--timeout', flags.timeout),
    idleSeconds: secondsOf('--idle', flags.idle),
    memoryBytes: bytesOf('--memory', flags.memory),
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const sent = {
    name,
    handler: basename(handler),
    files,
    settings: given,
    python,
    image: flags.image ?? null,
    ...brought,
  };
  return ask(api, 'POST', '/api/v1/functions', FunctionSummary, sent);
}

/** The handler, and what goes along from its folder. */
async function uploadFiles(api: Api, handler: string, others: readonly string[]) {
  const folder = dirname(handler);
  const files: z.input<typeof DeployFunction>['files'] = [];
  for (const path of [handler, ...others]) {
    const inside = relative(folder, path).split(sep).join('/');
    if (inside.startsWith('..'))
      throw new SentenceError(`${path} does not lie in the folder of the handler, ${folder}.`);
    const isFile = await stat(path).then(
      (it) => it.isFile(),
      () => false,
    );
    if (!isFile) throw new SentenceError(`There is no file ${path}.`);
    files.push({ path: inside, blob: await uploaded(api, path) });
  }
  return files;
}

const uploaded = async (api: Api, path: string) =>
  (await uploadFile(api, path, await hashFile(path), { onProgress() {} })).hash;

/** The requirements and the wheels of a function, as a deployment names them. */
async function uploadPackages(api: Api, packages: PackagesGiven | null, folder: string) {
  if (packages === null) return {};
  const { signal } = new AbortController();
  const sent = await sentPackages(packages, { folder, signal });
  try {
    const [requirements = '', wheels] = sent.paths;
    const fileOf = async (path: string, name: string) => ({
      blob: await uploaded(api, path),
      fileName: basename(name),
    });
    return {
      requirements: await fileOf(requirements, packages.requirements),
      wheels:
        wheels === undefined || packages.wheels === null
          ? null
          : await fileOf(wheels, wheelsName(packages.wheels)),
    };
  } finally {
    await sent.remove();
  }
}
