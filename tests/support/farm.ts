import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVER_FLAGS } from '@parallel-pilot/cli/farm/programs.ts';
import { FromChild, type Ready } from '@parallel-pilot/shared/protocol/supervision.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { removeFolder } from './remove-folder.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One real process of the farm, which a test may kill and start again on the same ports and folders. */
export type Part = {
  readonly name: string;
  /** With these in its environment too, this once. */
  start(env?: Record<string, string>): Promise<void>;
  /** Ends it with the signal and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
  pid(): number | undefined;
  running(): boolean;
  log(): Promise<string>;
  /** What a backend that others reach said at its last start: where its first admin makes their account. */
  adminLink(): string | null;
};

export type Farm = {
  url: string;
  balancerUrl: string;
  folder: string;
  db: Db;
  balancer: Part;
  backend: Part;
  workers: Part[];
  /** `main`: another program than the worker's own, that runs it. */
  addWorker(env?: Record<string, string>, main?: string): Promise<Part>;
  stop(): Promise<void>;
};

export type FarmOptions = {
  workers?: number;
  databaseUrl?: string;
  /** Of the backend, where something has to know it before. */
  port?: number;
  env?: Record<string, string>;
  folder?: string;
  /** Where the processes' output goes, when not beside their data. */
  logs?: string;
};

/** A whole farm of real processes on free ports, in a temporary folder of its own. */
export async function startFarm(options: FarmOptions = {}): Promise<Farm> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'pilot-farm-')));
  const logs = options.logs ?? join(folder, 'test-logs');
  const [port, balancerPort] = [options.port ?? (await freePort()), await freePort()];
  const databaseUrl = options.databaseUrl ?? `sqlite:${join(folder, 'farm.sqlite')}`;
  const env = {
    PILOT_DATA: folder,
    DATABASE_URL: databaseUrl,
    PILOT_PORT: String(port),
    PILOT_BACKEND_PORT: String(port),
    PILOT_BALANCER_PORT: String(balancerPort),
    ...options.env,
  };
  const balancer = part('load-balancer', 'load-balancer/src/main.ts', logs, env);
  const backend = part('client-backend', 'client-backend/src/main.ts', logs, env);
  let started = 0;
  const farm: Farm = {
    url: `http://127.0.0.1:${port}`,
    balancerUrl: `http://127.0.0.1:${balancerPort}`,
    folder,
    db: connectDatabase(databaseUrl),
    balancer,
    backend,
    workers: [],
    async addWorker(extra = {}, main = 'worker/src/main.ts') {
      started += 1;
      const number = started;
      const token = (await readFile(join(folder, 'secrets', 'worker-token'), 'utf8')).trim();
      const worker = part(`worker-${number}`, main, logs, {
        PILOT_JOIN: farm.balancerUrl,
        PILOT_TOKEN: token,
        PILOT_NAME: `worker-${number}`,
        PILOT_THREADS: '1',
        PILOT_WORKER_DATA: join(folder, 'workers', String(number)),
        ...extra,
      });
      farm.workers.push(worker);
      await worker.start();
      return worker;
    },
    async stop() {
      await Promise.all(farm.workers.map((worker) => worker.end('SIGTERM')));
      await Promise.all([backend.end('SIGTERM'), balancer.end('SIGTERM')]);
      await farm.db.destroy();
      if (options.folder === undefined) await removeFolder(folder);
    },
  };
  try {
    await balancer.start();
    await backend.start();
    await Promise.all(Array.from({ length: options.workers ?? 2 }, () => farm.addWorker()));
    await until(async () => (await fetch(`${farm.url}/readyz`)).ok, 'the farm never became ready');
    return farm;
  } catch (error) {
    await farm.stop();
    throw error;
  }
}

/** A process of this repository, started with an IPC channel and awaited until it says `ready`. */
export function part(name: string, main: string, logs: string, env: Record<string, string>): Part {
  let child: ChildProcess | undefined;
  let adminLink: string | null = null;
  const logFile = join(logs, `${name}.log`);
  return {
    name,
    pid: () => child?.pid,
    running: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    log: () => readFile(logFile, 'utf8'),
    adminLink: () => adminLink,
    async start(more = {}) {
      await mkdir(logs, { recursive: true });
      // The servers' flags are those of an embedded farm.
      const flags = main.includes('worker') ? [] : SERVER_FLAGS;
      child = spawn(process.execPath, [...flags, join(root, main)], {
        env: { ...process.env, ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      const log = createWriteStream(logFile, { flags: 'a' });
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
      const told = await ready(name, child, logFile);
      adminLink = told.process === 'client-backend' ? told.adminLink : null;
    },
    async end(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill(signal);
      const late = setTimeout(() => child?.kill('SIGKILL'), 20_000);
      await gone;
      clearTimeout(late);
    },
  };
}

async function ready(name: string, child: ChildProcess, logFile: string): Promise<Ready> {
  return new Promise<Ready>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = FromChild.safeParse(raw);
      if (!message.success) return;
      if (message.data.type === 'ready') resolve(message.data);
      else reject(new Error(`${name}: ${message.data.message}`));
    });
    child.once('exit', async (code, signal) => {
      const log = await readFile(logFile, 'utf8').catch(() => '');
      reject(new Error(`${name} ended (${code ?? signal}) before it was ready:\n${log.slice(-3_000)}`));
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
