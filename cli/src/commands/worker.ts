import { join } from 'node:path';
import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import { Command } from 'commander';
import { unsandboxedConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { withExamples, withUnsandboxed } from '../options.ts';
import { refusedSecret } from '../secret-options.ts';
import { SentenceError } from '../sentence-error.ts';
import { workerToken } from './worker-token.ts';

type Flags = {
  join: string;
  tokenFile?: string;
  name?: string;
  slots?: number;
  threads?: number;
  memoryGb?: string;
  data?: string;
  cacheGb?: string;
  unsandboxed?: boolean;
  json?: boolean;
};

/** `pilot worker`: this machine as a worker of a farm elsewhere, until Ctrl-C. */
export function workerCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('worker')
    .summary('let this machine work for a farm')
    .description(
      'Joins a farm as a worker. "pilot up --host" there, or its Workers page, shows the line to use.\n' +
        'Ctrl-C finishes what is under way and leaves; a second one leaves at once.',
    )
    .requiredOption('--join <url>', 'address of the load balancer, such as http://farm:3001')
    .option(
      '--token-file <file>',
      'file with the token that lets workers join (or PILOT_TOKEN, or it is asked for)',
    )
    .addOption(refusedSecret('--token', WAYS))
    .option('--name <name>', "how the farm calls this worker (this machine's name)")
    .option('--slots <n>', 'chunks worked on at the same time', wholeNumber(1, 64))
    .option('--threads <n>', 'processor threads to use, shared out between the slots', wholeNumber(1, 1_024))
    .option('--memory-gb <n>', 'memory for jobs, in GB (a share of what the machine has)')
    .option('--data <dir>', 'folder for files and results on their way')
    .option('--cache-gb <n>', 'space for files of jobs, in GB')
    .option('--json', 'log lines as JSON');
  withUnsandboxed(command);
  withExamples(command, [
    'pilot worker --join http://farm:3001',
    'pilot worker --join http://farm:3001 --token-file token.txt --slots 2 --threads 16',
  ]);
  return command.action(async (flags: Flags) => exit(await run(context, flags)));
}

const WAYS =
  'Run the command without it, and it asks for the token; or give it in a file with --token-file, or in the variable PILOT_TOKEN.';

async function run(context: Context, flags: Flags): Promise<number> {
  makeFilesPrivate();
  const env = workerEnv(context, flags, await workerToken(context, flags.tokenFile));
  const [{ readWorkerConfig }, { createWorkerLog }, { runWorker }] = await Promise.all([
    import('@parallel-pilot/worker/config.ts'),
    import('@parallel-pilot/worker/log.ts'),
    import('@parallel-pilot/worker/worker.ts'),
  ]);
  const config = readSettings(() => readWorkerConfig(env));
  const log = createWorkerLog({ name: config.name, level: config.logLevel, readable: flags.json !== true });
  const end = await runWorker(config, { log });
  // Why it could not start or was refused, it has said itself.
  if (end.code === 0) log.info({ event: 'worker.ended', reason: end.reason }, end.message);
  return end.code;
}

/** The worker's own variables with the options laid over them. */
export function workerEnv({ config }: Context, flags: Flags, token: string): NodeJS.ProcessEnv {
  const over = {
    PILOT_JOIN: /^https?:\/\//i.test(flags.join) ? flags.join : `http://${flags.join}`,
    PILOT_TOKEN: token,
    PILOT_NAME: flags.name,
    PILOT_SLOTS: flags.slots,
    PILOT_THREADS: flags.threads,
    PILOT_WORKER_DATA: flags.data ?? config.workerDataFolder ?? join(config.dataFolder, 'worker'),
    PILOT_MEMORY_BYTES: gigabytes('--memory-gb', flags.memoryGb),
    PILOT_CACHE_BYTES: gigabytes('--cache-gb', flags.cacheGb),
  };
  const given = Object.entries(over).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return { ...unsandboxedConfig(config, flags.unsandboxed).env, ...Object.fromEntries(given) };
}

/** In bytes. */
function gigabytes(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (count > 0 && Number.isFinite(count)) return Math.round(count * 1000 ** 3);
  throw new SentenceError(`${flag} ${given}: write a number of gigabytes, for instance 50.`);
}

function readSettings<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SentenceError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
