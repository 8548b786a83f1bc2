import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { startMariaDb } from '../../../../tests/support/mariadb.ts';
import { until } from '../../../../tests/support/until.ts';
import { openDatabase } from './open-database.ts';

const silent = pino({ level: 'silent' });

test('both servers wait for their database, say so without its password, and start when it is there', async (t) => {
  const server = await startMariaDb();
  const folder = await mkdtemp(join(tmpdir(), 'pilot-wait-'));
  server.kill();
  const { port, password } = new URL(server.url);
  const processes = ['load-balancer', 'client-backend'].map((name) => {
    const main = fileURLToPath(new URL(`../../../../${name}/src/main.ts`, import.meta.url));
    const child = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        PILOT_DATA: folder,
        DATABASE_URL: server.url,
        PILOT_PORT: '0',
        PILOT_BALANCER_PORT: name === 'load-balancer' ? '0' : '9',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    return { name, child, exit: once(child, 'exit'), log: () => log };
  });
  t.after(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ exit }) => exit));
    await server.stop();
    await rm(folder, { recursive: true });
  });
  for (const { name, log } of processes)
    await until(
      () => log().includes('This process waits for it.'),
      () => `${name} does not wait: ${log()}`,
    );
  await server.restart();
  for (const { name, log } of processes) {
    await until(
      () => log().includes('.listening"'),
      () => `${name} did not start: ${log()}`,
    );
    assert.match(log(), new RegExp(`The database mysql://127\\.0\\.0\\.1:${port}/pilot_\\w+ cannot be used`));
    assert.match(log(), /"event":"database.answers"/);
    assert.ok(!log().includes(password), `the log of ${name} holds the password`);
  }
});

test('where somebody waits for the process, or waiting would not help, it says why at once', async (t) => {
  const away = 'mysql://pilot:hidden@127.0.0.1:9/farm';
  await assert.rejects(
    openDatabase(away, { log: silent, patient: false }),
    /^Error: The database mysql:\/\/127\.0\.0\.1:9\/farm cannot be used \(.*ECONNREFUSED.*\)\. Is it running, and is DATABASE_URL right\?$/,
  );
  const server = await startMariaDb();
  t.after(server.stop);
  const wrong = new URL(server.url);
  wrong.password = 'wrong';
  await assert.rejects(
    openDatabase(wrong.href, { log: silent, patient: true }),
    (error: Error) =>
      /cannot be used \(Access denied/.test(error.message) && !error.message.includes('wrong@'),
  );
});
