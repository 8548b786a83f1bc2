import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestBackend, temporaryFolder } from '@parallel-pilot/client-backend/app.fixture.ts';
import { io } from 'socket.io-client';
import { flood, type Line, openLine } from '../support/raw-request.ts';
import { peakMemory, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const MB = 1024 ** 2;
const HASH = 'a'.repeat(64);
const LEASE = `lease=lse_${'0'.repeat(20)}&signature=${'0'.repeat(64)}`;

describe('without a key, against a real backend', () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer('client-backend', {
      PILOT_MAX_CONNECTIONS_PER_ADDRESS: '40',
    });
  });
  after(() => server.stop());

  test('a body of 300 MB takes no memory, wherever it is sent', async () => {
    const start = await peakMemory(server.pid);
    const targets: [method: string, path: string, expected: number[]][] = [
      ['POST', '/api/v1/session', [413]],
      ['POST', '/api/v1/jobs', [401]],
      ['POST', '/api/v1/uploads', [401]],
      ['PATCH', `/api/v1/uploads/${'0'.repeat(32)}`, [401]],
      ['PUT', `/api/v1/blobs/${HASH}?${LEASE}`, [403]],
      ['POST', '/', [404, 413]],
      ['DELETE', '/api/v1/session', [413]],
      ['GET', '/healthz', [200]],
    ];
    for (const [method, path, expected] of targets) {
      for (const announce of [false, true]) {
        const headers = { 'content-type': 'application/json' };
        const answer = await flood(server.url + path, { method, bytes: 300 * MB, headers, announce });
        const what = `${method} ${path}, ${announce ? 'announced' : 'in chunks'}`;
        assert.ok(expected.includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
        assert.ok(answer.sent < 300 * MB, `${what}: all of it was taken`);
      }
    }
    const growth = (await peakMemory(server.pid)) - start;
    assert.ok(growth < 100 * MB, `the backend took ${Math.round(growth / MB)} MB more`);
  });

  test('twenty such bodies at once take no memory either', async () => {
    const start = await peakMemory(server.pid);
    const headers = { 'content-type': 'application/json' };
    const bodies = Array.from({ length: 20 }, () =>
      flood(`${server.url}/api/v1/session`, { method: 'POST', bytes: 100 * MB, headers }),
    );
    for (const answer of await Promise.all(bodies)) assert.equal(answer.status, 413);
    const growth = (await peakMemory(server.pid)) - start;
    assert.ok(growth < 100 * MB, `the backend took ${Math.round(growth / MB)} MB more`);
  });

  test('who stands still is cut off: in the headers, in the body, and drop by drop', async (t) => {
    const server = await startServer('client-backend', { PILOT_STALL_SECONDS: '1' });
    t.after(() => server.stop());
    const head = 'POST /api/v1/session HTTP/1.1\r\nHost: farm.example\r\nContent-Type: application/json\r\n';
    const silent = await openLine(server.port);
    const headers = await openLine(server.port);
    headers.socket.write('GET / HTTP/1.1\r\nHost: far');
    const body = await openLine(server.port);
    body.socket.write(`${head}Content-Length: 1000\r\n\r\n{"key":"`);
    const chunks = await openLine(server.port);
    chunks.socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\n{"ke\r\n`);
    const drops = await openLine(server.port);
    drops.socket.write(`${head}Content-Length: 2000\r\n\r\n{"key":"`);
    const dropping = setInterval(() => drops.socket.write('a'), 50);
    const slowHeaders = await openLine(server.port);
    slowHeaders.socket.write('GET / HTTP/1.1\r\n');
    const slow = setInterval(() => slowHeaders.socket.write('a: b\r\n'), 50);
    const lines: Record<string, Line> = { silent, headers, body, chunks, drops, slowHeaders };
    try {
      for (const [name, line] of Object.entries(lines)) {
        await until(() => line.isClosed(), `${name} is still open`);
        assert.doesNotMatch(line.heard(), /^HTTP\/1\.1 [23]/, name);
      }
    } finally {
      clearInterval(dropping);
      clearInterval(slow);
      for (const line of Object.values(lines)) line.socket.destroy();
    }
  });

  test('one address gets so many connections and no more, and others are served', async () => {
    const lines = await Promise.all(Array.from({ length: 120 }, () => openLine(server.port, '127.0.0.2')));
    const head = 'POST /api/v1/session HTTP/1.1\r\nHost: farm.example\r\nContent-Length: 9\r\n\r\n';
    for (const line of lines) line.socket.write(head);
    await until(
      () => lines.filter((line) => line.isClosed()).length === 80,
      () => `${lines.filter((line) => line.isClosed()).length} of 120 were refused`,
    );
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    for (const line of lines) line.socket.destroy();
    await Promise.all(lines.map((line) => line.closed));
    await until(async () => {
      const again = await openLine(server.port, '127.0.0.2');
      again.socket.end('GET /healthz HTTP/1.1\r\nHost: farm.example\r\nConnection: close\r\n\r\n');
      await again.closed;
      return again.heard().startsWith('HTTP/1.1 200');
    }, 'the address is blocked for good');
  });

  test('headers beyond 16 KB are refused', async () => {
    const line = await openLine(server.port);
    line.socket.write(`GET / HTTP/1.1\r\nHost: farm.example\r\nCookie: ${'a'.repeat(20_000)}\r\n\r\n`);
    await line.closed;
    assert.match(line.heard(), /^HTTP\/1\.1 431 /);
  });

  test('the live connection is a WebSocket behind the key, without polling', async () => {
    const polled = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { authorization: `Bearer ${server.ownerKey}` },
    });
    assert.equal(polled.status, 400);
    const refused = await connects(server, {});
    assert.equal(refused, false);
  });

  test('wrong keys are logged with their address, ten a minute, and never the key', async () => {
    const from = (address: string, key: string) =>
      fetch(`${server.url}/api/v1/workers`, {
        headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address },
      });
    for (let i = 0; i < 30; i += 1) {
      assert.equal((await from('203.0.113.5', `guess-number-${i}`)).status, i < 10 ? 401 : 429);
    }
    assert.equal((await from('203.0.113.5', server.ownerKey)).status, 429);
    assert.equal((await from('203.0.113.6', server.ownerKey)).status, 200);
    const log = await server.log();
    const lines = log.split('\n').filter((line) => line.includes('203.0.113.5'));
    assert.equal(lines.filter((line) => line.includes('"event":"access.refused"')).length, 10);
    assert.equal(lines.filter((line) => line.includes('"event":"access.blocked"')).length, 1);
    assert.doesNotMatch(log, /guess-number/);
    assert.ok(!log.includes(server.ownerKey));
  });

  test('signing out ends the session on the server, and the pages that live by it', async () => {
    const signedIn = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: server.ownerKey }),
    });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const status = async () => (await fetch(`${server.url}/api/v1/jobs`, { headers: { cookie } })).status;
    assert.equal(await status(), 200);
    const page = io(`${server.url}/live`, {
      transports: ['websocket'],
      extraHeaders: { cookie },
      reconnection: false,
      forceNew: true,
    });
    try {
      await until(() => page.connected, 'the page never came in');
      await fetch(`${server.url}/api/v1/session`, { method: 'DELETE', headers: { cookie } });
      assert.equal(await status(), 401);
      await until(() => !page.connected, 'the page still hears the farm');
    } finally {
      page.disconnect();
    }
    assert.equal(await connects(server, { cookie }), false);
  });

  test('thousands of requests in one packet are not begun', async () => {
    const start = await peakMemory(server.pid);
    const line = await openLine(server.port);
    line.socket.write('GET /healthz HTTP/1.1\r\nHost: farm.example\r\n\r\n'.repeat(5_000));
    await line.closed;
    assert.ok((line.heard().match(/HTTP\/1\.1 200/g) ?? []).length <= 2);
    const growth = (await peakMemory(server.pid)) - start;
    assert.ok(growth < 50 * MB, `the backend took ${Math.round(growth / MB)} MB more`);
  });

  test('a slow upload is let finish', async (t) => {
    const server = await startServer('client-backend', { PILOT_STALL_SECONDS: '2' });
    t.after(() => server.stop());
    const headers = { authorization: `Bearer ${server.ownerKey}`, 'tus-resumable': '1.0.0' };
    const made = await fetch(`${server.url}/api/v1/uploads`, {
      method: 'POST',
      headers: { ...headers, 'upload-length': '10000' },
    });
    const upload = await openLine(server.port);
    upload.socket.write(
      `PATCH ${made.headers.get('location')} HTTP/1.1\r\nHost: farm.example\r\nAuthorization: Bearer ${server.ownerKey}\r\n` +
        'Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 10000\r\n\r\n',
    );
    for (let part = 0; part < 10; part += 1) {
      upload.socket.write('x'.repeat(1_000));
      await pause(400);
    }
    await until(
      () => upload.heard().startsWith('HTTP/1.1 204'),
      () => `said: ${upload.heard()}`,
    );
    upload.socket.destroy();
  });
});

async function connects(server: ServerProcess, extraHeaders: Record<string, string>): Promise<boolean> {
  const socket = io(`${server.url}/live`, {
    transports: ['websocket'],
    extraHeaders,
    reconnection: false,
    forceNew: true,
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('connect_error', () => resolve(false));
  return promise.finally(() => socket.disconnect());
}

/** Who still sends while the line is closed may lose the answer that was on it: asked again then. */
async function answerToFlood(...asked: Parameters<typeof flood>): ReturnType<typeof flood> {
  for (let tries = 1; ; tries += 1) {
    const answer = await flood(...asked);
    if (answer.status !== 0 || tries === 5) return answer;
  }
}

test('every route refuses a body that is larger than what it takes, with the key too', async (t) => {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, maxUploadBytes: 2 * MB });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  const server = await startServer('client-backend', { PILOT_MAX_UPLOAD_BYTES: String(2 * MB) });
  t.after(() => server.stop());
  const paths = new Set(backend.routes.map(({ path }) => path.replace('/*', '/x')));
  assert.ok(paths.size > 25, `only ${paths.size} routes were found`);
  const start = await peakMemory(server.pid);
  const authorization = `Bearer ${server.ownerKey}`;
  for (const pattern of paths) {
    const path = pattern
      .replace('{hash}', HASH)
      .replace(/:hash(\{.*?\})?/, HASH)
      .replace('/uploads/:id', `/uploads/${'0'.repeat(32)}`)
      .replace(/:id(\{.*?\})?/, `job_${'0'.repeat(20)}`)
      .replace(/:\w+(\{.*?\})?/g, '1');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const headers = { authorization, 'content-type': 'application/json', 'tus-resumable': '1.0.0' };
      const answer = await answerToFlood(server.url + path, { method, bytes: 9 * MB, headers });
      // Streams are refused before they are read, for what they lack.
      const stream =
        (method === 'PUT' && path === `/api/v1/blobs/${HASH}`) ||
        (method === 'POST' && (path === '/api/v1/uploads' || /^\/.*\/invoke$/.test(path))) ||
        (method === 'PATCH' && path.startsWith('/api/v1/uploads/'));
      // What is no operation at all is refused before anything of it is read.
      const none = answer.status === 404 && answer.text.includes('"not-found"');
      const expected = stream ? [400, 403, 404, 409, 412, 413, 415] : [none ? 404 : 413];
      assert.ok(expected.includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
    }
  }
  const growth = (await peakMemory(server.pid)) - start;
  assert.ok(growth < 130 * MB, `the backend took ${Math.round(growth / MB)} MB more`);

  const tus = { authorization, 'tus-resumable': '1.0.0' };
  const stream = { ...tus, 'content-type': 'application/offset+octet-stream' };
  const made = await fetch(`${server.url}/api/v1/uploads`, {
    method: 'POST',
    headers: { ...tus, 'upload-length': '1000' },
  });
  const location = `${server.url}${made.headers.get('location')}`;
  for (const announce of [true, false]) {
    const patch = { method: 'PATCH', bytes: 5 * MB, announce, headers: { ...stream, 'upload-offset': '0' } };
    assert.equal((await answerToFlood(location, patch)).status, 413, 'more than was announced of the upload');
    const post = { method: 'POST', bytes: 5 * MB, announce, headers: { ...stream, 'upload-length': '1000' } };
    assert.equal((await answerToFlood(`${server.url}/api/v1/uploads`, post)).status, 413);
  }
});
