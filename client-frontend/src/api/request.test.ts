import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createQueries } from '../app/query-client.ts';
import { command, isPassing, ProblemError } from './request.ts';

test('what may be sent twice is sent again on 502, 503, 504 and a cut connection, on the site as well', async (t) => {
  const asked: string[] = [];
  let troubles: (number | 'cut')[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method ?? '');
    const trouble = troubles.shift();
    if (trouble === 'cut') request.socket.destroy();
    else
      response.writeHead(trouble ?? 200).end(JSON.stringify(trouble === undefined ? {} : problem(trouble)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  // A page asks by paths alone.
  const { port } = server.address() as AddressInfo;
  const { fetch } = globalThis;
  t.mock.method(globalThis, 'fetch', (path: string, init: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, init),
  );
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const askedWith = async (method: string, trouble: typeof troubles) => {
    asked.length = 0;
    troubles = [...trouble];
    const done = command('/api/v1/jobs/x', { method, body: method === 'DELETE' ? undefined : {} });
    let over = false;
    const ended = done.then(
      () => true,
      () => false,
    );
    void ended.then(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(4_000);
    }
    return [await ended, asked.length];
  };
  for (const trouble of [502, 503, 504, 'cut'] as const) {
    for (const method of ['PATCH', 'PUT', 'DELETE'])
      assert.deepEqual(await askedWith(method, [trouble, trouble]), [true, 3], `${method} after ${trouble}`);
    assert.deepEqual(await askedWith('POST', [trouble]), [false, 1], `POST after ${trouble}`);
  }
  assert.deepEqual(await askedWith('DELETE', ['cut', 404]), [true, 2], 'the first one had been heard');
  assert.deepEqual(await askedWith('PATCH', [422]), [false, 1]);
});

test('the cache of answers reads again where the farm may be back soon, and nowhere else', () => {
  const { retry } = createQueries().getDefaultOptions().queries ?? {};
  assert.ok(typeof retry === 'function');
  for (const status of [502, 503, 504]) assert.equal(retry(3, new ProblemError(problem(status))), true);
  for (const status of [404, 422, 500]) assert.equal(retry(0, new ProblemError(problem(status))), false);
  assert.equal(isPassing(new ProblemError(problem(503))), true);
});

const problem = (status: number) => ({
  type: 'about:blank',
  title: 'any',
  status,
  code: 'any',
  detail: 'Any.',
});
