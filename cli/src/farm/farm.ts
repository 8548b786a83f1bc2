import type { CliConfig } from '../config.ts';
import { choosePorts, type FarmPorts } from './choose-ports.ts';
import { lockDataFolder } from './lock.ts';
import { localUrl } from './ports.ts';
import { readPresence, removePresence, waitForLeftovers, writePresence } from './presence.ts';
import { backendProgram, balancerProgram, type FarmPlan, workerProgram } from './programs.ts';
import { type ChildEvent, type Supervision, supervise } from './supervise.ts';

export type FarmOptions = {
  host: string;
  ports: FarmPorts;
  workers: number;
  verbose: boolean;
  onEvent(event: ChildEvent): void;
  /** The owner's key, made just now because it is demanded: it can be shown this once, whatever comes after. */
  onOwnerKey?(key: string): void;
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
  /** A sentence, once a part of the farm cannot be kept running. */
  failed: Promise<string>;
  /** Stops workers, server and balancer, in this order. Workers may take `graceMs` for what they are at, unless `hurry` is aborted. */
  stop(graceMs: number, hurry: AbortSignal): Promise<void>;
};

export type FarmStart = { ok: true; farm: Farm } | { ok: false; message: string };

/** Starts an embedded farm over the data folder: balancer, then server, then workers, each kept running until `stop`. */
export async function startFarm(config: CliConfig, options: FarmOptions): Promise<FarmStart> {
  const lock = await lockDataFolder(config.dataFolder);
  if (lock === null) return { ok: false, message: await takenMessage(config.dataFolder) };
  const parts: Supervision[] = [];
  const end = async (graceMs: number, hurry: AbortSignal) => {
    await stopParts(parts, graceMs, hurry);
    await removePresence(config.dataFolder);
    lock.release();
  };
  // Once given up the start is over, whatever the parts under way still answer.
  const onAbort = () => void stopParts(parts, 0, AbortSignal.abort());
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const start = await startParts(config, options, parts, end);
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
  stop: Farm['stop'],
): Promise<FarmStart> {
  await waitForLeftovers(config.dataFolder, 10_000);
  const ports = await choosePorts(options.host, options.ports);
  if (!ports.ok) return ports;
  const plan: FarmPlan = { ...options, port: ports.port, balancerPort: ports.balancerPort };
  const failed = Promise.withResolvers<string>();
  const url = localUrl(plan.host, plan.port);
  const publish = () => writePresence(config.dataFolder, { url, pid: process.pid, children: pidsOf(parts) });
  const onEvent = (event: ChildEvent) => {
    options.onEvent(event);
    if (event.type === 'gave-up') failed.resolve(event.message);
    if (event.type === 'restarted') publish().catch(() => {});
  };
  const add = (program: Parameters<typeof supervise>[0]) => {
    const part = supervise(program, onEvent);
    parts.push(part);
    return part.started;
  };

  const balancer = await add(balancerProgram(config, plan));
  if (!balancer.ok) return balancer;
  if (options.signal.aborted) return { ok: false, message: 'Stopped before the farm was up.' };
  const backend = await add(backendProgram(config, plan));
  if (!backend.ok) return backend;
  const { ready } = backend;
  if (ready.process !== 'client-backend') {
    return { ok: false, message: `The server introduced itself as "${ready.process}".` };
  }
  if (ready.ownerKey !== null) options.onOwnerKey?.(ready.ownerKey);
  if (options.signal.aborted) return { ok: false, message: 'Stopped before the farm was up.' };
  // Published before the workers are there, so that a killed start leaves its traces too.
  await publish();
  const workers = await Promise.all(
    Array.from({ length: plan.workers }, (_, i) =>
      add(workerProgram(config, plan, i + 1, ready.workerToken)),
    ),
  );
  const refused = workers.find((worker) => !worker.ok);
  if (refused !== undefined && !refused.ok) return refused;
  await publish();
  const farm: Farm = {
    url,
    publicUrl: ready.url,
    balancerPort: plan.balancerPort,
    workerToken: ready.workerToken,
    failed: failed.promise,
    stop,
  };
  return { ok: true, farm };
}

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
