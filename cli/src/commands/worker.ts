import { join, resolve } from 'node:path';
import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import { Command } from 'commander';
import { unsandboxedConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { chooseFarm } from '../discovery/choose-farm.ts';
import { setting, withExamples, withUnsandboxed, withWorker } from '../options.ts';
import { refusedSecret } from '../secret-options.ts';
import { SentenceError } from '../sentence-error.ts';
import { workerToken } from './worker-token.ts';

export type WorkerFlags = {
  /** Left out, the local network is asked. */
  join?: string;
  tokenFile?: string;
  name?: string;
  tag?: string;
  pool?: string;
  slots?: number;
  threads?: string;
  hours?: string;
  timeZone?: string;
  kinds?: string;
  gpus?: string;
  lendingFile?: string;
  lendData?: string;
  onlyIdle?: boolean;
  memoryGb?: string;
  diskGb?: string;
  resource?: string;
  workerData?: string;
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
        'Without --join it looks for farms on this network, and asks before it joins one.\n' +
        'Ctrl-C finishes what is under way and leaves; a second one leaves at once.',
    )
    .addOption(setting('PILOT_JOIN'))
    .addOption(
      setting(
        'PILOT_TOKEN_FILE',
        'file with the token that lets workers join (or PILOT_TOKEN, or it is asked for)',
      ),
    )
    .addOption(refusedSecret('--token', WAYS));
  withWorker(command);
  command.option('--only-idle', 'take work only while nobody else uses this machine (or PILOT_ONLY_IDLE=1)');
  withUnsandboxed(command);
  withExamples(command, [
    'pilot worker',
    'pilot worker --join http://farm:3001',
    'pilot worker --join http://farm:3001 --token-file token.txt --slots 2 --threads 16',
    'pilot worker --join http://farm:3001 --pool film --tag fast,quiet',
    'pilot worker --join http://farm:3001 --hours 22:00-06:00 --threads 50%',
    'pilot worker --join http://farm:3001 --lend-data wards=/srv/wards',
  ]);
  return command.action(async (flags: WorkerFlags) => exit(await run(context, flags)));
}

const WAYS =
  'Run the command without it, and it asks for the token; or give it in a file with --token-file, or in the variable PILOT_TOKEN.';

async function run(context: Context, given: WorkerFlags): Promise<number> {
  const flags = { ...given, join: given.join ?? (await findJoin(context, given)) };
  // One that has joined before is not asked for a token any more.
  const joined = await joinedBefore(workerEnv(context, flags, null));
  const wanted = !joined || flags.tokenFile !== undefined || context.config.workerToken !== null;
  const env = workerEnv(context, flags, wanted ? await workerToken(context, flags.tokenFile) : null);
  return await runJoined(env, flags);
}

async function findJoin(context: Context, flags: WorkerFlags): Promise<string> {
  const { findFarms } = await import('../discovery/find-farms.ts');
  return await chooseFarm(context, {
    find: findFarms,
    isKnown: (url) => joinedBefore(workerEnv(context, { ...flags, join: url }, null)),
  });
}

/** Whether a worker with these variables has a credential of that farm. */
export async function joinedBefore(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { hasCredential } = await import('@parallel-pilot/worker/agent/credentials.ts');
  return hasCredential(env.PILOT_WORKER_DATA ?? '', env.PILOT_JOIN ?? '');
}

/** A worker in this process, until it ends; with its exit code. */
export async function runJoined(env: NodeJS.ProcessEnv, flags: { json?: boolean }): Promise<number> {
  makeFilesPrivate();
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
export function workerEnv(
  { config }: Context,
  flags: WorkerFlags & { join: string },
  token: string | null,
): NodeJS.ProcessEnv {
  const over = {
    PILOT_JOIN: /^https?:\/\//i.test(flags.join) ? flags.join : `http://${flags.join}`,
    PILOT_TOKEN: token ?? undefined,
    PILOT_NAME: flags.name,
    PILOT_TAG: flags.tag,
    PILOT_POOL: flags.pool,
    PILOT_SLOTS: flags.slots,
    PILOT_THREADS: flags.threads,
    PILOT_HOURS: flags.hours,
    PILOT_TIME_ZONE: flags.timeZone,
    PILOT_KINDS: flags.kinds,
    PILOT_GPUS: flags.gpus,
    PILOT_LENDING_FILE: flags.lendingFile,
    PILOT_LEND_DATA: flags.lendData && wholePaths(flags.lendData),
    PILOT_ONLY_IDLE: flags.onlyIdle === true ? '1' : undefined,
    PILOT_WORKER_DATA: flags.workerData ?? join(config.dataFolder, 'worker'),
    PILOT_MEMORY_GB: gigabytes('--memory-gb', flags.memoryGb),
    PILOT_DISK_GB: gigabytes('--disk-gb', flags.diskGb),
    PILOT_RESOURCE: flags.resource,
    PILOT_CACHE_GB: gigabytes('--cache-gb', flags.cacheGb),
  };
  const given = Object.entries(over).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return { ...unsandboxedConfig(config, flags.unsandboxed).env, ...Object.fromEntries(given) };
}

/** Folders as they are typed may be below the one that the command runs in. */
const wholePaths = (lent: string): string =>
  lent
    .split(',')
    .map((pair) => pair.replace(/(?<==).+$/, (folder) => resolve(folder.trim())))
    .join(',');

function gigabytes(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (count > 0 && Number.isFinite(count)) return count;
  throw new SentenceError(`${flag} ${given}: write a number of gigabytes, for instance 50.`);
}

function readSettings<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SentenceError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
