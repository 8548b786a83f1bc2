import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from '../support/until.ts';

export type Redis = { socket: string; pid: number; stop(): Promise<void> };

/** A private Redis on a socket in a folder of its own, which has written what it acknowledges, as the farm has. */
export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-redis-'));
  const socket = join(folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''];
  // Debian's redis-tools has the one program that all of Redis is; it goes by the name that it is called.
  const server = spawn(programPath(), [...settings, '--appendonly', 'yes', '--appendfsync', 'always'], {
    argv0: 'redis-server',
    stdio: 'ignore',
  });
  const gone = once(server, 'exit');
  await until(() => existsSync(socket), 'Redis never listened', 20_000);
  return {
    socket,
    pid: server.pid ?? 0,
    async stop() {
      server.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function programPath(): string {
  for (const name of ['redis-server', 'redis-check-rdb'])
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      if (existsSync(join(folder, name))) return join(folder, name);
  throw new Error('Redis is not here: npm run bench:dispatch installs it.');
}
