import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { until } from '../../../tests/support/until.ts';
import { TestWorld } from './fixtures/test-worker.ts';

test('a chunk goes from assign over started and progress to a stored file and done', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const input = farm.addBlob('the scene', 'textures/wood.txt');
  world.start({ PILOT_SLOTS: '2', PILOT_THREADS: '5' });

  const [hello, sandbox] = await Promise.all([farm.heard('hello'), detectSandbox()]);
  assert.equal(hello.name, 'tester');
  assert.equal(hello.slots, 2);
  assert.deepEqual(hello.capabilities, {
    kinds: ['fake'],
    sandbox: sandbox.level,
    limits: sandbox.groups?.version ?? 'watched',
    'fake.version': '1.0',
    gang: 'machine',
  });

  const { lease } = await world.assign(
    { name: 'one', reads: 'textures/wood.txt', gate: world.gate('open') },
    { inputs: [input] },
  );
  await farm.heard('started', (it) => it.lease === lease);
  const progress = await farm.heard('progress');
  assert.deepEqual(progress.chunks, [{ lease, fraction: 0.5, detail: 'back in one' }]);
  await world.openGate('open');
  const done = await farm.heard('done');
  assert.equal(done.lease, lease);
  assert.deepEqual(done.result, { name: 'one' });
  assert.equal(done.log, 'a line of one');
  const receipt = `receipt of ${input.hash}`;
  assert.deepEqual(done.files, [
    { name: 'frame', hash: input.hash, size: 9, mediaType: 'image/png', receipt },
  ]);
  assert.deepEqual((await farm.heard('blobs-changed')).added, [input.hash]);
  const beat = await farm.heard('heartbeat');
  assert.equal(beat.draining, false);
  await until(
    () => readdirSync(join(world.folder, 'data', 'outbox')).length === 0,
    'the outbox was not emptied',
  );
  assert.deepEqual(readdirSync(join(world.folder, 'data', 'scratch', 'outputs')), []);
});

test('an assignment that comes twice runs once, also after it was delivered', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  const assign = await world.assign({ name: 'one', gate: world.gate('open') });
  assert.deepEqual(await world.farm.send('assign', assign), { ok: true });
  await world.openGate('open');
  await world.farm.heard('done');
  const late = await until(async () => {
    const reply = await world.farm.send('assign', assign);
    return reply.ok ? null : reply;
  }, 'the worker still holds the lease');
  assert.equal(late.code, 'stale-lease');
  assert.deepEqual(world.runs, ['one']);
});

test('the next chunk runs while the result of the last one is not acknowledged', async (t) => {
  const world = await TestWorld.make(t);
  world.farm.replies.done = () => new Promise(() => {});
  world.start();
  for (const name of ['one', 'two', 'three']) {
    await world.assign({ name });
    await until(() => world.runs.includes(name), `${name} did not run`);
  }
  assert.deepEqual(world.runs, ['one', 'two', 'three']);
});

test('the next chunk runs and is delivered while the last one, which freed its slot, is looked at', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start();
  const first = await world.assign({ name: 'one', frees: true, gate: world.gate('open') });
  const second = await world.assign({ name: 'two' });
  await farm.heard('done', (it) => it.lease === second.lease);
  assert.equal(farm.all('done').length, 1);
  // Not to be taken back: its work is done but for that.
  assert.equal((await farm.send('reclaim', { lease: first.lease })).ok, false);
  await world.openGate('open');
  const done = await farm.heard('done', (it) => it.lease === first.lease);
  assert.deepEqual(done.result, { name: 'one' });
});

test('a worker holds 24 chunks ahead for each slot and refuses more, and an unstarted one can be taken back', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start();
  const running = await world.assign({ name: 'one', gate: world.gate('open') });
  await farm.heard('started');
  const waiting = await world.assign({ name: 'two' });
  const others = [];
  for (let n = 3; n <= 25; n += 1) others.push((await world.assign({ name: `${n}` })).lease);
  const more = await farm.send('assign', world.newAssign({ name: 'one more' }));
  assert.equal(more.ok ? 'ok' : more.code, 'busy');

  for (const lease of [waiting.lease, ...others])
    assert.deepEqual(await farm.send('reclaim', { lease }), { ok: true });
  const late = await farm.send('reclaim', { lease: running.lease });
  assert.equal(late.ok ? 'ok' : late.code, 'already-started');
  await world.openGate('open');
  await farm.heard('done', (it) => it.lease === running.lease);
  assert.deepEqual(world.runs, ['one']);
});

test('a revoked chunk is stopped without a word, and the next one runs', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  const hanging = await world.assign({ name: 'never', does: 'hang' });
  await world.farm.heard('started');
  const next = await world.assign({ name: 'next' });
  assert.deepEqual(await world.farm.send('revoke', { leases: [hanging.lease] }), { ok: true });
  await world.farm.heard('done', (it) => it.lease === next.lease);
  assert.equal(world.farm.all('failed').length, 0);
});

test('failures are reported with their code, a broken runner and a missing file among them', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start();
  const cases = [
    [await world.assign({ name: 'fails', does: 'fail' }), 'fake/no-luck', 'fails cannot work'],
    [await world.assign({ name: 'breaks', does: 'throw' }), 'unexpected', 'a bug in breaks'],
  ] as const;
  for (const [assign, code, message] of cases) {
    const failed = await farm.heard('failed', (it) => it.lease === assign.lease);
    assert.deepEqual([failed.code, failed.message], [code, message]);
    assert.ok(failed.log.length <= 16_384);
  }
  const lost = await world.assign({ name: 'forgets', does: 'forget' });
  assert.equal((await farm.heard('failed', (it) => it.lease === lost.lease)).code, 'no-output');
  const stranger = await world.assign({ name: 'stranger' }, { kind: 'unheard-of' });
  const failed = await farm.heard('failed', (it) => it.lease === stranger.lease);
  assert.match(failed.message, /does not know work of the kind "unheard-of"/);
  const wordy = await world.assign({ name: 'wordy', does: 'report' });
  assert.equal((await farm.heard('done', (it) => it.lease === wordy.lease)).log.length, 4_096);
});

test('a worker without its socket goes on, says so at its return, and delivers', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start();
  const { lease } = await world.assign({ name: 'one', gate: world.gate('open') });
  await farm.heard('started');
  const over = await world.assign({ name: 'two' });
  farm.drop = [over.lease];
  farm.cut();
  const hello = await farm.heard('hello', (it) => it.leases.length > 0);
  assert.deepEqual(hello.leases, [
    { lease, started: true },
    { lease: over.lease, started: false },
  ]);
  await world.openGate('open');
  await farm.heard('done', (it) => it.lease === lease);
  assert.deepEqual(world.runs, ['one']);
});

test('a message that does not fit the protocol is refused and harms nothing', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  await world.farm.heard('hello');
  const { lease } = world.newAssign({ name: 'one' });
  const reply = await world.farm.send('assign', { lease, inputs: [{ path: '../../etc/passwd' }] });
  assert.equal(reply.ok ? 'ok' : reply.code, 'invalid-message');
  await world.assign({ name: 'one' });
  await world.farm.heard('done');
});

test('a worker whose disk is full gives back at once what it has not started', async (t) => {
  const world = await TestWorld.make(t);
  world.start({}, undefined, { freeBytes: async () => 0 });
  const hello = await world.farm.heard('hello');
  assert.equal(hello.slots, 1);
  const gate = world.gate('open');
  const first = await world.assign({ name: 'first', does: 'fail', code: 'disk-full', gate });
  await world.farm.heard('started', (it) => it.lease === first.lease);
  const second = await world.assign({ name: 'second' });
  await world.openGate('open');
  for (const { lease } of [first, second])
    await world.farm.heard('released', (it) => it.leases.includes(lease));
  assert.deepEqual(world.runs, ['first']);
  assert.deepEqual([world.farm.all('failed'), world.farm.all('done')], [[], []]);
});

test('a program that only says that the disk is full fails its chunk, and the worker goes on', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  await world.farm.heard('hello');
  const { lease } = await world.assign({ name: 'liar', does: 'fail', code: 'disk-full' });
  await world.farm.heard('failed', (it) => it.lease === lease && it.code === 'disk-full');
  await world.assign({ name: 'next' });
  await world.farm.heard('done');
  assert.deepEqual(world.farm.all('released'), []);
});
