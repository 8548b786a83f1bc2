import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { until } from '../../../tests/support/until.ts';
import { fakeKind } from './fixtures/fake-kind.ts';
import { TestWorld } from './fixtures/test-worker.ts';

test('a draining worker gives back what has not started, finishes the rest, delivers and goes', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const worker = world.start();
  const running = await world.assign({ name: 'one', gate: world.gate('open') });
  await farm.heard('started');
  const waiting = await world.assign({ name: 'two' });
  worker.drain();
  const released = await farm.heard('released');
  assert.deepEqual(released.leases, [waiting.lease]);
  await farm.heard('heartbeat', (it) => it.draining);
  const refused = await farm.send('assign', world.newAssign({ name: 'three' }));
  assert.equal(refused.ok ? 'ok' : refused.code, 'draining');
  await world.openGate('open');
  const exit = await worker.ended;
  assert.deepEqual([exit.code, exit.reason], [0, 'drained']);
  assert.deepEqual(
    farm.all('done').map((it) => it.lease),
    [running.lease],
  );
  assert.equal(farm.all('leaving').length, 1);
  assert.deepEqual(world.runs, ['one']);
});

test('a worker told to leave at once stops its chunk, says so, and does not wait for what is unanswered', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.replies.done = () => new Promise(() => {});
  const worker = world.start();
  await world.assign({ name: 'done' });
  await farm.heard('done');
  await world.assign({ name: 'never', does: 'hang' });
  await until(() => world.runs.length === 2, 'the second chunk did not start');
  worker.drain();
  const startedAt = performance.now();
  const exit = await worker.leave();
  assert.deepEqual([exit.code, exit.reason], [0, 'left']);
  assert.ok(performance.now() - startedAt < 1_500);
  assert.equal(farm.all('leaving').length, 1);
  assert.equal(farm.all('failed').length, 0);
});

test('a refusal for good ends the worker with its reason', async (t) => {
  for (const code of ['bad-token', 'protocol-mismatch'] as const) {
    const world = await TestWorld.make(t);
    world.farm.refuse = refusal(code);
    const exit = await world.start().ended;
    assert.deepEqual(exit, { code: 1, reason: 'refused', message: refusal(code).message });
  }
  const world = await TestWorld.make(t);
  world.farm.replies.hello = () => refusal('bad-token');
  assert.equal((await world.start().ended).code, 1);
});

test('a wrong token is refused by the farm', async (t) => {
  const world = await TestWorld.make(t);
  const exit = await world.start({ PILOT_TOKEN: 'another-token' }).ended;
  assert.equal(exit.message, refusal('bad-token').message);
  world.farm.refusesUpgrades = true;
  const second = await world.start({ PILOT_TOKEN: 'ein Schlüssel' }).ended;
  assert.deepEqual([second.code, second.message], [1, refusal('bad-token').message]);
});

test('a farm that is not ready yet is asked again, at connecting and at hello', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.refuse = refusal('not-ready');
  let hellos = 0;
  farm.replies.hello = () => {
    hellos += 1;
    return hellos === 1 ? refusal('name-taken') : { ok: true };
  };
  world.start();
  setTimeout(() => {
    farm.refuse = null;
  }, 50);
  await world.assign({ name: 'one' });
  await farm.heard('done');
  assert.equal(hellos, 2);
});

test('a worker that can do nothing says what is missing', async (t) => {
  const world = await TestWorld.make(t);
  const program = { name: 'Fake', variable: 'PILOT_FAKE', chosen: '/no/fake', install: 'apt install fake' };
  const able = { ...fakeKind(), detect: async () => ({}), program };
  const exit = await world.start({}, [able, { ...able, program: { ...program, chosen: null } }]).ended;
  assert.equal(exit.code, 1);
  assert.match(
    exit.message,
    /: "\/no\/fake" \(PILOT_FAKE\) is no Fake that can be run here, and Fake was not found\. Install Fake \(apt/,
  );
});

test('two workers do not share a data folder', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  await world.farm.heard('hello');
  const exit = await world.start().ended;
  assert.equal(exit.code, 1);
  assert.match(exit.message, /Another worker is running with the data folder/);
});
