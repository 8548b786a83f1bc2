import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { until } from '../../../tests/support/until.ts';
import { hashOf } from '../assets/upload.ts';
import { createWorkerLog } from '../log.ts';
import { EarlyUploads, earlyQueue } from './early-uploads.ts';
import { FakeFarm } from './fixtures/fake-farm.ts';
import { TestWorld } from './fixtures/test-worker.ts';

const puts = ({ requests }: FakeFarm) => requests.filter(({ method }) => method === 'PUT');
/** Holds the first upload until it is told to go on; the others pass. */
function holdFirst(farm: FakeFarm) {
  const begun = Promise.withResolvers<() => void>();
  const go = Promise.withResolvers<void>();
  let first = true;
  farm.onBlob = async () => {
    if (!first) return false;
    first = false;
    begun.resolve(go.resolve);
    await go.promise;
    return false;
  };
  return begun.promise;
}
const emptied = (world: TestWorld, ...folder: string[]) =>
  until(() => readdirSync(join(world.folder, 'data', ...folder)).length === 0, `${folder} was not emptied`);

test('what a chunk hands in early is at the farm before the chunk goes on, and is not sent again', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start();
  await world.assign({ name: 'big', handsIn: true, bytes: 3_000_000, more: ['a'], gate: world.gate('open') });
  await until(() => farm.blobs.size === 1, 'nothing was uploaded while the chunk runs');
  assert.equal(farm.all('done').length, 0);
  await world.openGate('open');
  const { files } = await farm.heard('done');
  assert.deepEqual(
    files.map(({ name, size }) => [name, size]),
    [
      ['frame', 3_000_000],
      ['a', 1],
    ],
  );
  assert.equal(puts(farm).length, 2);
  await emptied(world, 'outbox');
});

test('a result waits for what is on its way, and its other files do not', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const begun = holdFirst(farm);
  world.start();
  await world.assign({ name: 'big', handsIn: true, more: ['a'], gate: world.gate('open') });
  const goOn = await begun;
  await world.openGate('open');
  await until(() => farm.blobs.size === 1, 'the other file waits');
  assert.equal(farm.all('done').length, 0);
  goOn();
  await farm.heard('done');
  assert.equal(puts(farm).length, 2);
});

test('what could not be sent early, or is there no more, is sent with the result', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  let refused = 0;
  farm.onBlob = (_request, response) => {
    refused += 1;
    if (refused === 1) response.writeHead(503).end();
    return refused === 1;
  };
  const answers = [refusal('blob-missing')];
  farm.replies.done = () => answers.shift() ?? { ok: true };
  world.start();
  await world.assign({ name: 'one', handsIn: true, gate: world.gate('open') });
  await until(() => refused > 0, 'nothing was uploaded early');
  await world.openGate('open');
  await until(() => farm.all('done').length === 2, 'done was not sent again');
  assert.ok(puts(farm).length >= 3);
  assert.equal(farm.blobs.size, 1);
});

test('a chunk that fails ends what it had on its way', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const cut = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  farm.onBlob = (_request, response) => {
    response.once('close', () => cut.resolve());
    begun.resolve();
    return true;
  };
  world.start();
  await world.assign({ name: 'one', does: 'fail', handsIn: true, gate: world.gate('open') });
  await begun.promise;
  await world.openGate('open');
  assert.equal((await farm.heard('failed')).code, 'fake/no-luck');
  await cut.promise;
  await emptied(world, 'outbox');
  assert.equal(farm.blobs.size, 0);
});

test('what was sent half an hour before is sent again, before the farm may let go of it', async (t) => {
  const farm = await FakeFarm.start();
  t.after(() => farm.stop());
  const bytes = randomBytes(100);
  const hash = await hashOf(bytes, bytes.length);
  const log = createWorkerLog({ name: 'worker', level: 'silent', readable: false });
  const address = () => new URL(`${farm.url}/api/v1/blobs/${hash}?lease=lse_a&signature=s`);
  let now = 0;
  const parts = { address, queue: earlyQueue(), log, now: () => now };
  const access = { lease: newId('lse', randomBytes), signature: 's' };
  const early = new EarlyUploads(parts, access, new AbortController().signal);
  early.begin({ name: 'a', path: '', bytes, mediaType: 'text/plain' });
  await until(() => farm.blobs.size === 1, 'it was not uploaded');
  now = 30 * 60_000;
  assert.equal(await early.receiptOf(hash), `receipt of ${hash}`);
  now += 1;
  assert.equal(await early.receiptOf(hash), null);
});
