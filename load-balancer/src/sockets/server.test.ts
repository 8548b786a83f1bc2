import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { io } from 'socket.io-client';
import { createSockets, listen, type Sockets } from './server.ts';

/** True when a websocket with these headers is let in to `/workers`. */
async function letIn(port: number, headers: Record<string, string>): Promise<boolean> {
  const socket = io(`http://127.0.0.1:${port}/workers`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: headers,
  });
  const answer = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true));
    socket.on('connect_error', () => resolve(false));
  });
  socket.disconnect();
  return answer;
}

for (const loopback of [true, false]) {
  describe(loopback ? 'sockets of this machine alone' : 'sockets for the network', () => {
    let sockets: Sockets;
    let port: number;
    before(async () => {
      const config = readServerConfig({ PILOT_DATA: '/x', PILOT_HOST: loopback ? '127.0.0.1' : '0.0.0.0' });
      sockets = createSockets({ config, ready: () => true, knowsToken: async () => 'known' });
      sockets.io.of('/workers');
      port = await listen(sockets, 0, '127.0.0.1');
    });
    after(() => sockets.io.close());

    test('a program is let in, a page in a browser is not, wherever it comes from', async () => {
      assert.equal(await letIn(port, {}), true);
      for (const origin of [
        'https://evil.example',
        'http://127.0.0.1:3000',
        `http://127.0.0.1:${port}`,
        'null',
      ]) {
        assert.equal(await letIn(port, { origin }), false, origin);
      }
    });

    test('names of this machine are let in; foreign ones only where the network may come', async () => {
      for (const host of ['localhost', `localhost:${port}`, '127.0.0.1:1', `[::1]:${port}`]) {
        assert.equal(await letIn(port, { host }), true, host);
      }
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        '127.0.0.1.evil.example',
        'localhost.evil.example:1',
      ]) {
        assert.equal(await letIn(port, { host }), !loopback, host);
      }
    });

    test('only the two namespaces are there, over websockets alone', async () => {
      const polled = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
      assert.equal(polled.status, 400);
      const root = io(`http://127.0.0.1:${port}/`, {
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
      });
      const problem = await new Promise<Error>((resolve) => root.on('connect_error', resolve));
      assert.match(problem.message, /connect to \/workers or \/control/);
      root.disconnect();
    });
  });
}
