import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ready, StartFailed } from '@parallel-pilot/shared/protocol/supervision.ts';
import { io } from 'socket.io-client';
import { temporaryFolder } from './app.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

test('starts without a balancer, says so, and stops when told or when its starter is gone', async (t) => {
  const { start } = await place(t);
  const first = await start({});
  const ready = readyOf(first.message);
  assert.equal(ready.url, `http://127.0.0.1:${ready.port}`);
  assert.equal(ready.adminLink, null);
  assert.equal((await fetch(`${ready.url}/healthz`)).status, 200);
  const health = await (await fetch(`${ready.url}/readyz`)).json();
  assert.deepEqual(health, { ok: false, version: '0.1.0', problems: ['load-balancer'] });
  assert.equal(await connects(ready.url, {}), true);
  assert.equal(await connects(ready.url, { origin: 'http://evil.example' }), false);
  first.child.kill('SIGTERM');
  assert.deepEqual(await once(first.child, 'exit'), [0, null]);

  const second = await start({});
  assert.equal(readyOf(second.message).workerToken, ready.workerToken);
  second.child.disconnect();
  assert.deepEqual(await once(second.child, 'exit'), [0, null]);
});

test('on another address one link makes the first admin, a new one at each start, and no log of ours holds a secret', async (t) => {
  const { start, folder } = await place(t);
  const env = { PILOT_HOST: '0.0.0.0', PILOT_LOG: 'debug' };
  const first = await start(env);
  const { adminLink, url, workerToken } = readyOf(first.message);
  assert.match(String(adminLink), /^http:\/\/127\.0\.0\.1:\d+\/welcome#[\w-]{43}$/);
  const status = async (authorization: string) =>
    (await fetch(`${url}/api/v1/jobs`, { headers: { authorization } })).status;
  assert.deepEqual([await status(`Bearer ${workerToken}`), await status('')], [401, 401]);
  assert.equal(await connects(url, {}), false);
  await fetch(`${url}/api/v1/blobs/${'0'.repeat(64)}?lease=lse_01234567&signature=topsecret`);
  const look = (link: string | null, at: string) =>
    fetch(`${at}/api/v1/links/look`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: link?.split('#')[1] }),
    });
  assert.equal((await look(adminLink, url)).status, 200);
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const token = adminLink?.split('#')[1] ?? '';
  // Whoever started it shows the link.
  for (const secret of [token, workerToken, 'topsecret'])
    assert.ok(!first.log().includes(secret), `the log holds ${secret}`);
  assert.ok(!(await readdir(join(folder, 'secrets'))).includes('owner-key-sha256'));

  const key = 'the-key-of-an-older-farm';
  await writeFile(
    join(folder, 'secrets', 'owner-key-sha256'),
    createHash('sha256').update(key).digest('hex'),
  );
  const second = await start(env);
  const again = readyOf(second.message);
  assert.notEqual(again.adminLink, adminLink);
  assert.deepEqual(
    [(await look(adminLink, again.url)).status, (await look(again.adminLink, again.url)).status],
    [404, 200],
  );
  const authorization = `Bearer ${key}`;
  assert.equal((await fetch(`${again.url}/api/v1/jobs`, { headers: { authorization } })).status, 200);
  assert.equal(await connects(again.url, { authorization }), true);

  const admin = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
  const accepted = await fetch(`${again.url}/api/v1/links/accept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: again.adminLink?.split('#')[1], ...admin }),
  });
  const cookie = accepted.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  assert.equal(accepted.status, 200, await accepted.text());
  const account = await (await fetch(`${again.url}/api/v1/account`, { headers: { cookie } })).json();
  assert.deepEqual([account.id, account.name, account.role], ['per_local00000000000000', 'Ada', 'admin']);
  const signedIn = await fetch(`${again.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: again.url },
    body: JSON.stringify({ email: admin.email, password: admin.password }),
  });
  assert.equal(signedIn.status, 200, await signedIn.text());
  assert.equal((await fetch(`${again.url}/api/v1/jobs`, { headers: { authorization } })).status, 200);
  second.child.kill('SIGTERM');
  await once(second.child, 'exit');
  assert.equal(readyOf((await start(env)).message).adminLink, null);
});

test('a start that cannot be tells why in a sentence', async (t) => {
  const { start, folder } = await place(t);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const busy = StartFailed.parse((await start({ PILOT_PORT: String(port) })).message);
  assert.match(busy.message, new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is taken .*PILOT_PORT`));

  const away = { DATABASE_URL: 'mysql://pilot:hidden@127.0.0.1:9/farm' };
  const database = StartFailed.parse((await start(away)).message);
  assert.match(
    database.message,
    /^The database mysql:\/\/127\.0\.0\.1:9\/farm cannot be used \(.*ECONNREFUSED/,
  );

  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'file'), '');
  const blocked = StartFailed.parse((await start({ PILOT_DATA: join(folder, 'file', 'data') })).message);
  assert.match(blocked.message, /^The data folder .* cannot be made/);
  const wrong = StartFailed.parse((await start({ PILOT_PORT: 'many' })).message);
  assert.match(wrong.message, /PILOT_PORT/);
});

type Started = { child: ChildProcess; message: unknown; log(): string };

async function place(t: { after(end: () => Promise<void>): void }) {
  const folder = await temporaryFolder();
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await folder.remove();
  });
  const start = async (env: Record<string, string>): Promise<Started> => {
    const child = fork(MAIN, {
      silent: true,
      env: { ...process.env, PILOT_DATA: folder.path, PILOT_PORT: '0', PILOT_BALANCER_PORT: '9', ...env },
    });
    children.push(child);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    }
    const early = once(child, 'exit').then(() => Promise.reject(new Error(`it exited and said: ${log}`)));
    early.catch(() => {});
    const [message] = await Promise.race([once(child, 'message'), early]);
    return { child, message, log: () => log };
  };
  return { start, folder: folder.path };
}

function readyOf(message: unknown): Extract<Ready, { process: 'client-backend' }> {
  const ready = Ready.parse(message);
  assert.ok(ready.process === 'client-backend');
  return ready;
}

/** Does a page with these headers get its Socket.IO connection? */
async function connects(url: string, extraHeaders: Record<string, string>): Promise<boolean> {
  const socket = io(`${url}/live`, { transports: ['websocket'], extraHeaders, reconnection: false });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('connect_error', () => resolve(false));
  return promise.finally(() => socket.disconnect());
}
