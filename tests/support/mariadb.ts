import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { until } from './until.ts';

export type MariaDb = {
  /** `mysql://user:password@127.0.0.1:port/pilot_<random>`, the same after a restart. */
  url: string;
  /** Shuts it down and removes its data folder. */
  stop(): Promise<void>;
  /** kill -9: what was committed stays, and `restart` brings it back. */
  kill(): void;
  /** Starts it again on the same data and port, ending it first where it still runs. */
  restart(): Promise<void>;
};

/**
 * A private MariaDB on a free port of 127.0.0.1 with a data folder of its own and one empty utf8mb4 database.
 * Ready to be connected to when this returns. Throws with the server's own log when it does not come up.
 */
export async function startMariaDb(): Promise<MariaDb> {
  const place = await findPlace();
  let server: Server;
  try {
    await prepare(place);
    server = await launch(place);
  } catch (error) {
    await rm(place.folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: urlOf(place),
    async stop() {
      await server.end('SIGTERM');
      await rm(place.folder, { recursive: true, force: true });
    },
    kill: () => void server.end('SIGKILL'),
    async restart() {
      await server.end('SIGTERM');
      server = await launch(place);
    },
  };
}

type Place = { folder: string; port: number; user: string; password: string; database: string };
type Server = { end(signal: NodeJS.Signals): Promise<void> };

const runAs = process.getuid?.() === 0 ? ['--user=root'] : [];

// Debian keeps the server where only root's PATH looks.
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` };

async function findPlace(): Promise<Place> {
  return {
    folder: await mkdtemp(join(tmpdir(), 'pilot-mariadb-')),
    port: await freePort(),
    user: 'pilot',
    password: randomBytes(12).toString('hex'),
    database: `pilot_${randomBytes(4).toString('hex')}`,
  };
}

async function prepare(place: Place): Promise<void> {
  await writeFile(join(place.folder, 'init.sql'), openingStatements(place));
  const data = join(place.folder, 'data');
  // Set by `npm test`: what is made once is copied for all files of the run.
  const shared = process.env.PILOT_HOST_FOLDER;
  if (shared === undefined) return install(data, place.folder);
  const empty = join(shared, 'empty-mariadb');
  if (!existsSync(empty)) {
    const draft = join(place.folder, 'draft');
    await install(draft, place.folder);
    await cp(draft, `${empty}.${process.pid}`, { recursive: true });
    await rm(draft, { recursive: true });
    // Another file may have been faster.
    await rename(`${empty}.${process.pid}`, empty).catch(() =>
      rm(`${empty}.${process.pid}`, { recursive: true }),
    );
  }
  await cp(empty, data, { recursive: true });
}

async function install(data: string, temporary: string): Promise<void> {
  const options = [
    '--no-defaults',
    ...runAs,
    `--datadir=${data}`,
    `--tmpdir=${temporary}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
  ];
  await promisify(execFile)('mariadb-install-db', options, { env });
}

// Run by the server itself at every start, before it takes connections: each statement on a line of its own.
function openingStatements({ user, password, database }: Place): string {
  return [
    `create database if not exists ${database} character set utf8mb4 collate utf8mb4_unicode_ci;`,
    `create user if not exists '${user}'@'127.0.0.1' identified by '${password}';`,
    `grant all on *.* to '${user}'@'127.0.0.1';`,
    '',
  ].join('\n');
}

async function launch(place: Place): Promise<Server> {
  const child = spawn('mariadbd', serverOptions(place), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
  }
  const over = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      log += String(error);
      resolve();
    });
  });
  // A test file that ends without stop() must not leave a server behind.
  const reap = () => void child.kill('SIGKILL');
  process.once('exit', reap);
  void over.then(() => process.removeListener('exit', reap));

  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const patience = setTimeout(reap, 15_000);
    await over;
    clearTimeout(patience);
  };
  try {
    await Promise.race([accepting(place), over.then(() => Promise.reject(new Error('it exited')))]);
  } catch (error) {
    await end('SIGKILL');
    throw new Error(`MariaDB did not come up on port ${place.port}. Its log:\n${log}`, { cause: error });
  }
  return { end };
}

function serverOptions({ folder, port }: Place): string[] {
  return [
    '--no-defaults',
    ...runAs,
    `--datadir=${join(folder, 'data')}`,
    // Each that starts removes all temporary tables from its folder, those of others too.
    `--tmpdir=${folder}`,
    `--socket=${join(folder, 's')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--init-file=${join(folder, 'init.sql')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--skip-name-resolve',
    '--skip-log-bin',
    '--performance-schema=OFF',
    '--innodb-buffer-pool-size=32M',
    '--innodb-log-file-size=8M',
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-fast-shutdown=2',
  ];
}

async function accepting(place: Place): Promise<void> {
  await until(async () => {
    const connection = await createConnection(urlOf(place));
    await connection.end();
    return true;
  }, 'MariaDB takes no connections');
}

function urlOf({ user, password, port, database }: Place): string {
  return `mysql://${user}:${password}@127.0.0.1:${port}/${database}`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1');
  return address.port;
}
