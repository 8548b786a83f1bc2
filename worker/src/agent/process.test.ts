import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import { launch } from './fixtures/launch.ts';
import { TestWorld } from './fixtures/test-worker.ts';

test('kill -9 of a worker loses no finished result, and none is made again', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const first = launch(world);
  await farm.heard('hello');
  let refusing = true;
  farm.onBlob = (_request, response) => {
    if (refusing) response.writeHead(503).end();
    return refusing;
  };
  const leases = [];
  for (const name of ['one', 'two', 'three']) {
    leases.push((await world.assign({ name })).lease);
    await until(() => kept(world).length === leases.length, `${name} was not kept`);
  }
  const broken = await world.assign({ name: 'broken', does: 'fail' });
  await farm.heard('failed', (it) => it.lease === broken.lease);
  const outbox = join(world.folder, 'data', 'outbox');
  await until(() => readdirSync(outbox).length === leases.length, 'the failure was not settled');
  first.child.kill('SIGKILL');
  await first.ended;
  refusing = false;
  farm.received.length = 0;

  const second = launch(world);
  const hello = await farm.heard('hello');
  assert.deepEqual(hello.leases.map((it) => it.lease).sort(), [...leases].sort());
  for (const lease of leases) await farm.heard('done', (it) => it.lease === lease);
  assert.deepEqual(world.runs, ['one', 'two', 'three', 'broken']);
  await until(() => kept(world).length === 0, 'the outbox was not emptied');
  second.child.kill('SIGTERM');
  assert.deepEqual(await second.ended, [0, null]);
});

test('results whose lease is over are forgotten at the next start', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  farm.onBlob = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  const first = launch(world);
  const { lease } = await world.assign({ name: 'one' });
  await until(() => kept(world).length === 1, 'the result was not kept');
  first.child.kill('SIGKILL');
  await first.ended;
  farm.drop = [lease];
  launch(world);
  await until(() => kept(world).length === 0, 'the result was not removed');
  assert.equal(farm.all('done').length, 0);
});

test('a worker process says ready, keeps its identity to itself, drains on SIGTERM and leaves on the second', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  const { child, ended, messages } = launch(world);
  await until(() => messages.length > 0, 'the worker did not say ready');
  assert.deepEqual(messages, [{ type: 'ready', process: 'worker', name: 'tester' }]);
  assert.equal(statSync(join(world.folder, 'data', 'identity.json')).mode & 0o777, 0o600);
  await world.assign({ name: 'never', does: 'hang' });
  await farm.heard('started');
  child.kill('SIGTERM');
  await farm.heard('heartbeat', (it) => it.draining);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  await farm.heard('leaving');
});

test('a worker process stops when the one that started it is gone', async (t) => {
  const world = await TestWorld.make(t);
  const { child, ended } = launch(world);
  await world.assign({ name: 'never', does: 'hang' });
  await world.farm.heard('started');
  child.disconnect();
  assert.deepEqual(await ended, [0, null]);
});

test('a worker process that cannot start says why, without its token', async (t) => {
  const world = await TestWorld.make(t);
  const { ended, messages } = launch(world, { PILOT_JOIN: 'nowhere', PILOT_SLOTS: 'many' });
  assert.deepEqual(await ended, [1, null]);
  const [message] = messages;
  assert.equal(message?.type, 'start-failed');
  assert.match(JSON.stringify(message), /PILOT_JOIN: expected an address like/);
  assert.match(JSON.stringify(message), /PILOT_SLOTS/);
  const refused = launch(world, { PILOT_TOKEN: 'a-wrong-secret', PILOT_LOG: 'info' });
  assert.deepEqual(await refused.ended, [1, null]);
  assert.match(JSON.stringify(refused.messages), /The token is not valid/);
  assert.match(refused.said(), /"event":"farm.refused"/);
  assert.doesNotMatch(refused.said(), /a-wrong-secret/);
});

const kept = (world: TestWorld): string[] => {
  const outbox = join(world.folder, 'data', 'outbox');
  try {
    return readdirSync(outbox).filter((name) =>
      readFileSync(join(outbox, name, 'message.json')).includes('"done"'),
    );
  } catch {
    return [];
  }
};
