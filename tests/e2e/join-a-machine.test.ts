import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JoinLine, MadeJoinToken } from '@parallel-pilot/shared/api/machines.ts';
import { api } from '../support/api.ts';
import { startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

test('the lines that the site shows make a machine with an empty folder a worker', async (t) => {
  const farm = await startFarm({ workers: 0 });
  const folder = await mkdtemp(join(tmpdir(), 'pilot-join-'));
  t.after(async () => {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const { json } = api(farm.url);
  const { lines } = JoinLine.parse(await json('GET', '/workers/join'));
  const asked = { name: 'A fresh machine', worksFor: 'team', uses: 1 };
  const { token } = MadeJoinToken.parse(await json('POST', '/join-tokens', asked));
  const [setUp, run] = lines.slice(-2);
  // What is tried is the project as it stands here, wherever it was cloned from.
  const script = [
    `git clone --quiet ${project} parallel-pilot`,
    ...(lines.length === 3 ? [] : ['cd parallel-pilot']),
    setUp,
    run,
  ];
  // Not what npm says to the scripts of this clone.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|PILOT_|NODE_(OPTIONS|TEST|V8|CHANNEL))/i.test(name),
  );
  const machine = spawn('bash', ['-e', '-c', script.join('\n')], {
    cwd: folder,
    env: {
      ...Object.fromEntries(own),
      // The packages were fetched for this clone already.
      npm_config_prefer_offline: 'true',
      PILOT_TOKEN: token,
      PILOT_DATA: join(folder, 'data'),
      PILOT_WORKER_DATA: join(folder, 'worker'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [machine.stdout, machine.stderr])
    stream.on('data', (bytes) => (said = `${said}${bytes}`.slice(-4_000)));
  const over = once(machine, 'exit');
  t.after(async () => {
    if (machine.exitCode === null && machine.pid !== undefined) process.kill(-machine.pid, 'SIGTERM');
    await over;
  });
  const online = await until(
    async () => {
      assert.equal(machine.exitCode, null, `it ended:\n${said}`);
      const { workers } = await json('GET', '/workers');
      return workers.find(({ status }: { status: string }) => status === 'online');
    },
    () => `no worker came:\n${said}`,
    300_000,
  );
  assert.ok(online.name.startsWith(hostname().split('.')[0]?.slice(0, 8) ?? ''), online.name);
});
