import { randomBytes } from 'node:crypto';
import { keptSecret } from '@parallel-pilot/shared/files/kept-secret.ts';
import { SecretFileError, secretSetting } from '@parallel-pilot/shared/files/secret-files.ts';
import type { Ready } from '@parallel-pilot/shared/protocol/supervision.ts';
import type { CliConfig } from '../config.ts';
import type { ChildEvent } from './child-events.ts';
import { choosePorts, type FarmPorts } from './choose-ports.ts';
import { lockDataFolder } from './lock.ts';
import { localUrl } from './ports.ts';
import { keepPresence, readPresence, waitForLeftovers } from './presence.ts';
import { backendProgram, balancerProgram, type FarmPlan, isWorkerName, workerProgram } from './programs.ts';
import { type Supervision, supervise } from './supervise.ts';

export type FarmOptions = {
  host: string;
  ports: FarmPorts;
  workers: number;
  verbose: boolean;
  onEvent(event: ChildEvent): void;
  /** Aborted by a Ctrl-C that comes before the farm is up. */
  signal: AbortSignal;
};

export type Farm = {
  /** How this machine reaches it. */
  url: string;
  /** How people and other machines reach it. */
  publicUrl: string;
  balancerPort: number;
  workerToken: string;
  /** Where the first admin makes their account, as it was at the start; null where there is one, or nobody signs in. */
  adminLink: string | null;
  /** Resolves when all workers have joined. Work can be handed over before. */
  complete: Promise<void>;
  /** A sentence, once it turns out that none of its workers can be started. */
  failed: Promise<string>;
  /** Stops workers, server and balancer, in this order. Workers may take `graceMs` for what they are at, unless `hurry` is aborted. */
  stop(graceMs: number, hurry: AbortSignal): Promise<void>;
};

export type FarmStart = { ok: true; farm: Farm } | { ok: false; message: string };

/**
 * Starts an embedded farm over the data folder: balancer, server and workers,
 * each kept running until `stop`. Resolves as soon as both servers are up;
 * workers may need some seconds more to get to know their machine.
 */
export async function startFarm(config: CliConfig, options: FarmOptions): Promise<FarmStart> {
  const lock = await lockDataFolder(config.dataFolder);
  if (lock === null) return { ok: false, message: await takenMessage(config.dataFolder) };
  const parts: Supervision[] = [];
  let url = '';
  const presence = keepPresence(config.dataFolder, () => ({
    url,
    pid: process.pid,
    children: pidsOf(parts),
  }));
  const end = async (graceMs: number, hurry: AbortSignal) => {
    await stopParts(parts, graceMs, hurry);
    await presence.remove();
    lock.release();
  };
  const publish = (at: string) => {
    url = at;
    return presence.update();
  };
  // Once given up the start is over, whatever the parts under way still answer.
  const onAbort = () => void stopParts(parts, 0, AbortSignal.abort());
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const start = await startParts(config, options, parts, publish, end);
    if (!start.ok) await end(0, AbortSignal.abort());
    return start;
  } catch (error) {
    await end(0, AbortSignal.abort());
    throw error;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

async function startParts(
  config: CliConfig,
  options: FarmOptions,
  parts: Supervision[],
  publish: (url: string) => Promise<void>,
  stop: Farm['stop'],
): Promise<FarmStart> {
  await waitForLeftovers(config.dataFolder, 10_000);
  const ports = await choosePorts(options.host, options.ports);
  if (!ports.ok) return ports;
  const plan: FarmPlan = { ...options, port: ports.port, balancerPort: ports.balancerPort };
  const failed = Promise.withResolvers<string>();
  const url = localUrl(plan.host, plan.port);
  const onEvent = (event: ChildEvent) => {
    options.onEvent(event);
    if (event.type === 'restarted') publish(url).catch(() => {});
  };
  const add: Add = (program) => {
    const part = supervise(
      program,
      onEvent,
      isWorkerName(program.name) ? { readyWithinMs: WORKER_READY_MS } : {},
    );
    parts.push(part);
    return part.started;
  };

  // All at the same time: a worker looks at its machine first, and comes back until there is a balancer to join.
  const token = await workerToken(config);
  if (!token.ok) return token;
  const starting = startServers(config, plan, options, add);
  const joining = Array.from({ length: plan.workers }, (_, i) => {
    const program = workerProgram(config, plan, i + 1, token.token);
    return add(program).then((worker) => ({ name: program.name, worker }));
  });
  const servers = await starting;
  if (!servers.ok) return servers;
  const { ready } = servers;
  // Published before the workers are there, so that it is found at once, and a killed start leaves its traces.
  await publish(url);
  // A farm with fewer workers than wished for is a farm; one that none of them can join is none.
  const joined = joining.map(async (one) => {
    const joiner = await one;
    if (joiner.worker.ok) await publish(url);
    return joiner;
  });
  const complete = Promise.all(joined).then((all) => {
    const missing = all.flatMap(({ name, worker }) => (worker.ok ? [] : [{ name, message: worker.message }]));
    const last = missing.at(-1);
    if (last === undefined) return;
    if (missing.length === all.length) {
      failed.resolve(last.message);
      return NEVER;
    }
    for (const { name, message } of missing) {
      options.onEvent({ type: 'failing', name, message: `${message}\n\nIt is tried again now and then.` });
    }
  });
  const farm: Farm = {
    url,
    publicUrl: ready.url,
    balancerPort: plan.balancerPort,
    workerToken: ready.workerToken,
    adminLink: ready.adminLink,
    complete,
    failed: failed.promise,
    stop,
  };
  return { ok: true, farm };
}

type Token = { ok: true; token: string } | { ok: false; message: string };

/** As the servers read it, or will. */
async function workerToken({ env, dataFolder }: CliConfig): Promise<Token> {
  try {
    const given = secretSetting(env, 'PILOT_WORKER_TOKEN', 'PILOT_WORKER_TOKEN_FILE');
    return { ok: true, token: given ?? (await keptSecret(dataFolder, 'worker-token', randomBytes)) };
  } catch (error) {
    if (error instanceof SecretFileError) return { ok: false, message: error.message };
    throw error;
  }
}

/** Finding out what a machine can do takes its time on a slow one with several workers at once. */
const WORKER_READY_MS = 180_000;

type Add = (program: Parameters<typeof supervise>[0]) => Supervision['started'];
type Servers =
  | { ok: true; ready: Extract<Ready, { process: 'client-backend' }> }
  | { ok: false; message: string };

async function startServers(
  config: CliConfig,
  plan: FarmPlan,
  { signal }: FarmOptions,
  add: Add,
): Promise<Servers> {
  const stopped = { ok: false, message: 'Stopped before the farm was up.' } as const;
  const balancer = add(balancerProgram(config, plan));
  const backend = add(backendProgram(config, plan));
  // That one of them cannot start is told at once, whatever the other one does.
  const both = balancer.then((it) => (it.ok ? backend : it));
  const outcome = await Promise.race([failureOf(balancer), failureOf(backend), both]);
  if (!outcome.ok) return outcome;
  if (signal.aborted) return stopped;
  const { ready } = outcome;
  if (ready.process !== 'client-backend') {
    return { ok: false, message: `The server introduced itself as "${ready.process}".` };
  }
  return signal.aborted ? stopped : { ok: true, ready };
}

async function failureOf(start: Supervision['started']): Supervision['started'] {
  const outcome = await start;
  return outcome.ok ? NEVER : outcome;
}

// What waits for it is ended by `failed`.
const NEVER = new Promise<never>(() => {});

const pidsOf = (parts: Supervision[]): number[] =>
  parts.flatMap((part) => {
    const pid = part.pid();
    return pid === undefined ? [] : [pid];
  });

async function stopParts(parts: Supervision[], graceMs: number, hurry: AbortSignal): Promise<void> {
  const [balancer, backend, ...workers] = parts;
  await Promise.all(workers.map((worker) => worker.stop(graceMs, hurry)));
  await backend?.stop(10_000, hurry);
  await balancer?.stop(10_000, hurry);
}

async function takenMessage(dataFolder: string): Promise<string> {
  const presence = await readPresence(dataFolder);
  const who =
    presence === null ? 'Another pilot' : `Another pilot (process ${presence.pid}, ${presence.url})`;
  return `${who} runs a farm over ${dataFolder} already. Use that one, stop it, or give this one another folder with --data.`;
}
