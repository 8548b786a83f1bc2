import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { until } from '../../../tests/support/until.ts';
import { TestWorld } from './fixtures/test-worker.ts';

const outboxIsEmpty = (world: TestWorld) =>
  until(() => readdirSync(join(world.folder, 'data', 'outbox')).length === 0, 'the outbox was not emptied');

test('an upload is tried again after 503, 507 and a cut connection', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  let puts = 0;
  farm.onBlob = (request, response) => {
    puts += 1;
    if (puts === 1) response.writeHead(503).end('starting');
    else if (puts === 2) response.writeHead(507).end('disk full');
    else if (puts === 3) request.once('data', () => request.socket.destroy());
    else return false;
    return true;
  };
  world.start();
  await world.assign({ name: 'big', bytes: 3_000_000 });
  const done = await farm.heard('done');
  assert.equal(puts, 4);
  assert.equal(farm.blobs.get(done.files[0]?.hash ?? '')?.length, 3_000_000);
  assert.deepEqual(world.runs, ['big']);
});

test('the files of a result are uploaded beside each other and reported in their order', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  let held: (() => void) | undefined;
  farm.onBlob = (request, response) => {
    if (Number(request.headers['content-length']) < 1_000) return false;
    held = () => response.writeHead(503).end();
    return true;
  };
  world.start();
  await world.assign({ name: 'big', bytes: 3_000, more: ['a', 'b'] });
  await until(() => farm.blobs.size === 2, 'the small files wait for the large one');
  farm.onBlob = () => false;
  assert.ok(held);
  held();
  const { files } = await farm.heard('done');
  assert.deepEqual(
    files.map(({ name, size }) => [name, size]),
    [
      ['frame', 3_000],
      ['a', 1],
      ['b', 1],
    ],
  );
});

test('of two files that the lease no longer covers one failure is reported', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.onBlob = (request, response) => {
    // The other one would be tried again for as long as the lease stands.
    if (Number(request.headers['content-length']) > 1_000) response.writeHead(503).end();
    else response.writeHead(410).end();
    return true;
  };
  world.start();
  await world.assign({ name: 'big', bytes: 3_000, more: ['a'] });
  assert.equal((await farm.heard('failed')).code, 'upload-failed');
  await outboxIsEmpty(world);
  assert.deepEqual([farm.all('done').length, farm.all('failed').length], [0, 1]);
});

test('a result whose upload the lease no longer covers is given up', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.onBlob = (_request, response) => {
    response.writeHead(410).end();
    return true;
  };
  farm.replies.failed = () => refusal('stale-lease');
  world.start();
  await world.assign({ name: 'late' });
  assert.equal((await farm.heard('failed')).code, 'upload-failed');
  await outboxIsEmpty(world);
  assert.equal(farm.all('done').length, 0);
});

test('a report that finds its blob missing or the farm not ready is made again', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const answers = [refusal('blob-missing'), refusal('not-ready')];
  farm.replies.done = () => answers.shift() ?? { ok: true };
  world.start();
  await world.assign({ name: 'one' });
  await until(() => farm.all('done').length === 3, 'done was not sent three times');
  assert.equal(farm.requests.filter((it) => it.method === 'PUT').length, 2);
  await outboxIsEmpty(world);
});

test('a stale result is dropped, and a result that the farm cannot read becomes a failure', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.replies.done = () => refusal(farm.all('done').length === 1 ? 'stale-lease' : 'invalid-message');
  world.start();
  await world.assign({ name: 'stale' });
  await farm.heard('done');
  await outboxIsEmpty(world);
  const { lease } = await world.assign({ name: 'unreadable' });
  const failed = await farm.heard('failed');
  assert.deepEqual([failed.lease, failed.code], [lease, 'unexpected']);
});

test('a report without an answer is made again when the socket is back', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.replies.done = () => (farm.all('done').length === 1 ? new Promise(() => {}) : { ok: true });
  world.start();
  const { lease } = await world.assign({ name: 'one' });
  await farm.heard('done');
  farm.cut();
  await until(() => farm.all('done').length === 2, 'done was not sent again');
  assert.deepEqual(farm.all('hello')[1]?.leases, [{ lease, started: true }]);
  await outboxIsEmpty(world);
});

test('a farm that no longer knows the connection is joined anew before a result is given up', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.replies.done = () => (farm.all('hello').length === 1 ? refusal('not-allowed') : { ok: true });
  world.start();
  const { lease } = await world.assign({ name: 'one' });
  await until(() => farm.all('done').length === 2, 'done was not sent again');
  assert.deepEqual(farm.all('hello')[1]?.leases, [{ lease, started: true }]);
  await outboxIsEmpty(world);
  assert.deepEqual(farm.goodbyes, ['transport close']);
});
