import { basename } from 'node:path';
import { FunctionSummary, PublicToken } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { runtimeOf } from '@parallel-pilot/shared/kinds/function/name.ts';
import { Command } from 'commander';
import type { Api } from '../../api/client.ts';
import { connect } from '../../api/connect.ts';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../../options.ts';
import { type PackageFlags, readPackages, readPython, withPackages } from '../../run/packages.ts';
import { SentenceError } from '../../sentence-error.ts';
import { print, printJson } from '../../text/print.ts';
import { readImage } from '../container/image-source.ts';
import { bytesOf, secondsOf } from './amounts.ts';
import { uploadFiles, uploadImage, uploadPackages } from './deployed-files.ts';
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
    dockerfile?: string;
    handler?: string;
    network?: boolean;
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
    .option(
      '--image <image>',
      'run the handler in an image, with its python3 or node: one of this machine or of a registry, or an archive (.tar) of one',
    )
    .option('--dockerfile <dir>', 'run it in the image that is built of the Dockerfile in there')
    .option('--handler <path>', 'where the handler lies in the image, such as /app/handler.py')
    .option('--network', 'let it reach the network, in an image, on workers whose owners allow it');
  withPackages(command, 'handler, in Python');
  withJson(withServer(command));
  withExamples(command, [
    'pilot function deploy hello handler.py',
    'pilot function deploy resize resize.mjs --files lib --max 4 --timeout 2m --memory 512M --concurrency 4',
    'pilot function deploy hello handler.py --image python:3.12-slim',
    'pilot function deploy hello --dockerfile . --handler /app/handler.py',
  ]);
  return command.action(async (name: string, handler: string | undefined, flags: Flags) => {
    const of = handlerIn(handler, flags);
    const api = await connect(context.config, flags);
    const made = await deploy(api, context, { ...flags, name, of });
    const open = flags.public ? await ask(api, 'POST', pathOf(name, '/public'), PublicToken) : null;
    if (flags.json) return printJson(context.stdout, open === null ? made : { ...made, public: open }, 2);
    print(context.stdout, [
      `${made.name} is deployed as version ${made.version}: ${settingsInWords(made.settings)}.`,
      ...(made.servedBy === made.version
        ? []
        : [
            `Version ${made.servedBy} takes the calls until its ${made.image === null ? 'packages are installed' : 'image is there'}.`,
          ]),
      `Call it:  pilot function invoke ${made.name} --data '{}'`,
      `          POST ${new URL(made.path, api.connection.url)}`,
      ...(open === null ? [] : publicLines(new URL(open.path, api.connection.url).href, open.token)),
    ]);
  });
}

/** The file of the handler, or where it lies in the image. */
type Handler = { file: string } | { inImage: string };

function handlerIn(file: string | undefined, { image, dockerfile, handler }: Flags): Handler {
  const given = file ?? handler;
  if (given === undefined)
    throw new SentenceError(
      'Name the file of the handler: .py, .js or .mjs. Where it lies in an image, give that and --handler /app/handler.py.',
    );
  if (runtimeOf(given) === null)
    throw new SentenceError(`${given} is no handler: it has to be Python (.py) or JavaScript (.js, .mjs).`);
  if (file !== undefined && handler !== undefined)
    throw new SentenceError('Give the file of the handler, or where it lies in the image (--handler).');
  if (file !== undefined) return { file };
  if (image === undefined && dockerfile === undefined)
    throw new SentenceError('--handler is for handlers in an image: give --image or --dockerfile too.');
  if (!given.startsWith('/'))
    throw new SentenceError(`--handler ${given}: give the whole path, such as /app/${given}.`);
  return { inImage: given };
}

async function deploy(
  api: Api,
  { config }: Pick<Context, 'config'>,
  { name, of, ...flags }: Flags & { name: string; of: Handler },
): Promise<FunctionSummary> {
  const packages = await readPackages(flags.requirements, flags.wheels);
  const python = readPython(flags.python);
  const inside = await readImage(flags, null);
  const files = 'file' in of ? await uploadFiles(api, of.file, flags.files ?? []) : [];
  if ('inImage' in of && flags.files !== undefined)
    throw new SentenceError('--files are for a handler of your own: that of an image has its files there.');
  const image = inside === null ? null : await uploadImage(api, inside, config.dataFolder);
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
    handler: 'file' in of ? basename(of.file) : of.inImage,
    files,
    settings: given,
    python,
    image,
    network: flags.network ?? false,
    ...brought,
  };
  return ask(api, 'POST', '/api/v1/functions', FunctionSummary, sent);
}
