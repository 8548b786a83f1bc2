import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bearerOf, handshake, isTokenRefused } from '@parallel-pilot/shared/protocol/handshake.ts';
import { io } from 'socket.io-client';
import { flood, openLine } from '../support/raw-request.ts';
import { peakMemory, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const MB = 1024 ** 2;
const UPGRADE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('without a token, against a real load balancer', () => {
  let server: ServerProcess;
  let token: string;
  before(async () => {
    server = await startServer('load-balancer', {
      PILOT_MAX_CONNECTIONS_PER_ADDRESS: '40',
    });
    token = (await readFile(join(server.folder, 'secrets', 'worker-token'), 'utf8')).trim();
  });
  after(() => server.stop());

  test('a stranger gets no WebSocket, so that there is none to fill with half a message', async () => {
    const start = await peakMemory(server.pid);
    // A frame that announces 3.9 MB, which is less than the longest message of a worker.
    const frame = Buffer.alloc(14);
    frame.writeUInt16BE(0x82ff, 0);
    frame.writeUInt32BE(3.9 * MB, 6);
    const lines = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const line = await openLine(server.port);
        line.socket.write(`${UPGRADE}\r\n`);
        line.socket.write(frame);
        line.socket.write(Buffer.alloc(3.8 * MB));
        return line;
      }),
    );
    for (const line of lines) {
      await until(() => line.isClosed(), 'a stranger is still connected');
      assert.doesNotMatch(line.heard(), /101 Switching/);
    }
    const growth = (await peakMemory(server.pid)) - start;
    assert.ok(growth < 60 * MB, `the balancer took ${Math.round(growth / MB)} MB more`);
    const polite = await openLine(server.port);
    polite.socket.write(`${UPGRADE}Authorization: ${bearerOf('guessed')}\r\n\r\n`);
    await polite.closed;
    assert.match(polite.heard(), /^HTTP\/1\.1 401 /);
  });

  test('a worker with a wrong token is told 401, one with the right token comes in', async () => {
    const refused = Promise.withResolvers<Error>();
    const stranger = io(`${server.url}/workers`, {
      ...handshake('guessed'),
      reconnection: false,
      forceNew: true,
    });
    stranger.once('connect_error', refused.resolve);
    assert.equal(isTokenRefused(await refused.promise), true);
    stranger.disconnect();
    const worker = io(`${server.url}/workers`, { ...handshake(token), reconnection: false, forceNew: true });
    await until(() => worker.connected, 'the right token is refused');
    worker.disconnect();
  });

  test('refused tokens are logged with their address, ten a minute, and never the token', async () => {
    const before = (await server.log()).split('\n').length;
    for (let i = 0; i < 30; i += 1) {
      const line = await openLine(server.port, '127.0.0.3');
      line.socket.write(`${UPGRADE}Authorization: ${bearerOf(`guess-number-${i}`)}\r\n\r\n`);
      await line.closed;
    }
    const log = await server.log();
    const lines = log
      .split('\n')
      .slice(before - 1)
      .filter((line) => line.includes('"address":"127.0.0.3"'));
    assert.equal(lines.filter((line) => line.includes('"event":"access.refused"')).length, 10);
    assert.doesNotMatch(log, /guess-number/);
    assert.ok(!log.includes(token));
  });

  test('a body of 300 MB takes no memory', async () => {
    const start = await peakMemory(server.pid);
    for (const [method, path, status] of [
      ['POST', '/healthz', [404]],
      ['PUT', '/', [404]],
      // Cut off, with or without the client having seen why.
      ['POST', '/socket.io/?EIO=4&transport=polling', [401, 0]],
    ] as const) {
      const answer = await flood(server.url + path, { method, bytes: 300 * MB });
      assert.ok((status as readonly number[]).includes(answer.status), `${method} ${path}: ${answer.status}`);
      assert.ok(answer.sent < 300 * MB);
    }
    const growth = (await peakMemory(server.pid)) - start;
    assert.ok(growth < 60 * MB, `the balancer took ${Math.round(growth / MB)} MB more`);
  });

  test('who stands still is cut off', async (t) => {
    const quick = await startServer('load-balancer', { PILOT_STALL_SECONDS: '1' });
    t.after(() => quick.stop());
    const [silent, half] = [await openLine(quick.port), await openLine(quick.port)];
    half.socket.write(UPGRADE);
    for (const line of [silent, half]) await until(() => line.isClosed(), 'still open');
  });

  test('one address gets so many connections, WebSockets among them', async () => {
    const lines = await Promise.all(Array.from({ length: 60 }, () => openLine(server.port, '127.0.0.2')));
    for (const line of lines) line.socket.write(`${UPGRADE}Authorization: ${bearerOf(token)}\r\n\r\n`);
    await until(
      () => lines.filter((line) => line.heard().startsWith('HTTP/1.1 101')).length === 40,
      () => `${lines.filter((line) => line.heard().startsWith('HTTP/1.1 101')).length} of 60 came in`,
    );
    await until(() => lines.filter((line) => line.isClosed()).length === 20, 'the others are not cut off');
    for (const line of lines) line.socket.destroy();
  });
});
