import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkId } from '@parallel-pilot/shared/model/ids.ts';
import { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { until } from '../../tests/support/until.ts';
import { type BalancerProcess, startBalancerProcess } from './support/balancer-process.ts';
import { startEngine } from './support/engine-under-test.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { connectControl, startFarm } from './support/farm-under-test.ts';
import { findPlace } from './support/place.ts';
import { countStates, planNext, plantJob } from './support/planted.ts';

const done = (lease: string) => ({ lease: lease as never, result: null, files: [], busyMs: 1, log: '' });
const openLeases = async (db: Db): Promise<number> =>
  (await db.selectFrom('leases').select('id').where('ended_at', 'is', null).execute()).length;

test('a stage closed while its chunks run is left, and the next one is worked on at once', async () => {
  const farm = await startFarm();
  try {
    const planted = await farm.plant({ chunks: 5 });
    const worker = farm.worker();
    await until(() => worker.assigns.length === 2, 'nothing was granted');
    const [running, waiting] = worker.assigns;
    assert.ok(running && waiting);
    await worker.start(running.lease);
    await until(async () => (await countStates(farm.db, planted.stage)).running === 1, 'it did not begin');

    const next = await planNext(farm.db, planted, { chunks: 3 });
    farm.control.emit('jobs-changed', { jobs: [planted.job] });
    await until(() => worker.revoked.length === 2, 'the worker goes on with the closed stage');
    assert.deepEqual(new Set(worker.revoked), new Set([running.lease, waiting.lease]));
    await until(() => worker.assigns.length === 4, 'the next stage was not granted');
    assert.ok(worker.assigns.slice(2).every((assign) => assign.stage === next));
    assert.deepEqual(await countStates(farm.db, planted.stage), { canceled: 5 });
    for (const late of [running, waiting]) {
      const reply = await worker.done(late.lease);
      assert.equal(!reply.ok && reply.code, 'stale-lease');
    }
    for (const { lease } of worker.assigns.slice(2)) await worker.done(lease);
    const last = await until(() => worker.assigns[4], 'the next stage did not go on');
    assert.equal(last.chunk, chunkId(next, 2));
    assert.deepEqual(await worker.done(last.lease), { ok: true });
    assert.deepEqual(await countStates(farm.db, next), { done: 3 });
    assert.deepEqual(await countStates(farm.db, planted.stage), { canceled: 5 });
    assert.equal(await openLeases(farm.db), 0);
  } finally {
    await farm.stop();
  }
});

test('a result that comes in the same round as the word of the close is refused as stale', async () => {
  const { engine, answers, assigns, revoked, planted, parts, join, stop } = await startEngine();
  try {
    await join(1);
    await until(() => assigns.length === 2, 'nothing was granted');
    const [first] = assigns;
    assert.ok(first);
    const next = await planNext(parts.db, planted, { chunks: 1 });
    engine.push({ type: 'done', session: 1, reply: 1, done: done(first.lease) });
    engine.push({ type: 'jobs-hint', jobs: [planted.job] });
    await until(() => answers.get(1), 'the result was not answered');
    assert.equal(answers.get(1), 'stale-lease');
    assert.equal(revoked.length, 2);
    await until(() => assigns.length === 3, 'the next stage was not granted');
    assert.equal(assigns[2]?.stage, next);
    assert.deepEqual(await countStates(parts.db, planted.stage), { canceled: 2 });
  } finally {
    await stop();
  }
});

test('a stage closed while the load balancer was away is ended when it comes back', async () => {
  const place = await findPlace();
  let balancer: BalancerProcess | undefined;
  let worker: FakeWorker | undefined;
  try {
    const planted = await plantJob(place.db, { chunks: 4 });
    balancer = await startBalancerProcess(place.env);
    worker = new FakeWorker({ url: place.url, token: place.token });
    const held = worker;
    await until(() => held.assigns.length === 2, 'nothing was granted');
    const [running] = held.assigns;
    assert.ok(running);
    await held.start(running.lease);
    await until(async () => (await countStates(place.db, planted.stage)).running === 1, 'it did not begin');
    await balancer.end('SIGKILL');
    const next = await planNext(place.db, planted, { chunks: 1 });
    balancer = await startBalancerProcess(place.env);

    await until(() => held.revoked.length === 2, 'the worker goes on with the closed stage');
    const last = await until(() => held.assigns[2], 'the next stage was not granted');
    assert.equal(last.stage, next);
    const late = await held.done(running.lease);
    assert.equal(!late.ok && late.code, 'stale-lease');
    assert.deepEqual(await held.done(last.lease), { ok: true });
    assert.deepEqual(await countStates(place.db, planted.stage), { canceled: 4 });
    assert.equal(await openLeases(place.db), 0);
  } finally {
    worker?.close();
    await balancer?.end('SIGKILL');
    await place.remove();
  }
});

test('a farm that is read again ends a closed stage of which all chunks wait', async () => {
  const farm = await startFarm(undefined, async (db) => {
    const planted = await plantJob(db, { chunks: 3 });
    await planNext(db, planted, { chunks: 1 });
  });
  try {
    farm.worker({ run: async () => ({}) });
    const states = async () =>
      (await farm.db.selectFrom('chunks').select('state').orderBy('state').execute()).map((row) => row.state);
    await until(async () => (await states()).includes('done'), 'the next stage was not made');
    assert.deepEqual(await states(), ['canceled', 'canceled', 'canceled', 'done']);
  } finally {
    await farm.stop();
  }
});

test('a stage without chunks does no harm, and is told as settled', async () => {
  const farm = await startFarm();
  try {
    const planted = await farm.plant({ chunks: 0 });
    const other = await farm.plant({ chunks: 1 });
    farm.worker({ run: async () => ({}) });
    await until(async () => (await countStates(farm.db, other.stage)).done === 1, 'others were not served');
    const told: StagePatch[] = [];
    const late = connectControl(farm.url, farm.secrets);
    late.on('stage-patch', (message) => told.push(StagePatch.parse(message)));
    await until(
      () => told.some((it) => it.stage === planted.stage && it.settled),
      'it was not told as settled',
    );
    late.close();
    const next = await planNext(farm.db, planted, { chunks: 2 });
    farm.control.emit('jobs-changed', { jobs: [planted.job] });
    await until(async () => (await countStates(farm.db, next)).done === 2, 'the next stage was not made');
  } finally {
    await farm.stop();
  }
});
