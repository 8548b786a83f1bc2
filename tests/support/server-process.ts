import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { part } from './farm.ts';
import { removeFolder } from './remove-folder.ts';
import { until } from './until.ts';

export type ServerProcess = {
  url: string;
  port: number;
  folder: string;
  pid: number;
  /** The owner's key of a backend that demands one. */
  ownerKey: string;
  log(): Promise<string>;
  stop(): Promise<void>;
};

/** One real server of the farm by itself, on a free port and a folder of its own. It demands the owner's key, as for strangers. */
export async function startServer(
  name: 'client-backend' | 'load-balancer',
  env: Record<string, string> = {},
  before: (folder: string) => Promise<void> = async () => {},
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-server-'));
  const ownerKey = randomBytes(24).toString('base64url');
  await mkdir(join(folder, 'secrets'), { mode: 0o700 });
  const hash = createHash('sha256').update(ownerKey).digest('hex');
  await writeFile(join(folder, 'secrets', 'owner-key-sha256'), hash, { mode: 0o600 });
  await before(folder);
  const server = part(name, `${name}/src/main.ts`, join(folder, 'test-logs'), {
    PILOT_DATA: folder,
    PILOT_PORT: '0',
    PILOT_BALANCER_PORT: name === 'load-balancer' ? '0' : '9',
    PILOT_PUBLIC_URL: 'http://farm.example',
    ...env,
  });
  const stop = async () => {
    await server.end('SIGTERM');
    await removeFolder(folder);
  };
  try {
    await server.start();
    const listening = (line: string) => /"event":"(backend|balancer)\.listening"/.test(line);
    const line = await until(
      async () => (await server.log()).split('\n').find(listening),
      `${name} never said where it listens`,
    );
    const { port } = JSON.parse(line) as { port: number };
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      folder,
      pid: server.pid() ?? 0,
      ownerKey,
      log: server.log,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The memory that a process has taken since its start at the most, in bytes (VmHWM). */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
