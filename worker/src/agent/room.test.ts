import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import { FakeChunk, fakeKind } from './fixtures/fake-kind.ts';
import { TestWorld } from './fixtures/test-worker.ts';

const GB = 1e9;

test('a worker offers the stricter of what was set and what its machine has', async (t) => {
  const world = await TestWorld.make(t);
  const gpus = () => [
    { name: 'Card\u001b A', device: 'cuda:0' },
    { name: 'Card\u001b A', device: 'cuda:1' },
    { name: 'Card B', device: 'hip:0' },
  ];
  world.start(
    { PILOT_THREADS: '5000', PILOT_MEMORY_GB: '1', PILOT_SLOTS: '3', PILOT_RESOURCE: 'licence=2, seat=1' },
    [{ ...fakeKind(), gpus }],
    { freeBytes: async () => 7 * GB },
  );
  const { offer, machine } = await world.farm.heard('hello');
  assert.ok(offer.threads <= machine.cpus);
  assert.deepEqual(offer, {
    threads: offer.threads,
    memoryBytes: 3 * Math.floor(GB / 3),
    diskBytes: 7 * GB,
    gpus: [
      { name: 'Card A', memoryBytes: null, device: 'cuda:0' },
      { name: 'Card A', memoryBytes: null, device: 'cuda:1' },
      { name: 'Card B', memoryBytes: null, device: 'hip:0' },
    ],
    counts: { licence: 2, seat: 1 },
  });
});

test('of two chunks that ask for 60 % of the memory the second begins when the first is over; a small one goes past it', async (t) => {
  const world = await TestWorld.make(t);
  const { farm } = world;
  world.start({ PILOT_SLOTS: '3', PILOT_MEMORY_GB: '1' });
  await farm.heard('hello');
  const large = { asked: { memoryBytes: 0.6 * GB } };
  await world.assign({ name: 'first', gate: world.gate('first') }, large);
  await until(() => world.runs.includes('first'), 'the first one never began');
  const second = await world.assign({ name: 'second' }, large);
  const small = await world.assign(
    { name: 'small', gate: world.gate('small') },
    { asked: { memoryBytes: 1 } },
  );
  await until(() => world.runs.includes('small'), 'the small one was kept waiting');
  assert.deepEqual(world.runs, ['first', 'small']);
  await world.openGate('first');
  await farm.heard('done', ({ lease }) => lease === second.lease);
  assert.deepEqual(world.runs, ['first', 'small', 'second']);
  await world.openGate('small');
  await farm.heard('done', ({ lease }) => lease === small.lease);
});

test('what asks for more than there is begins where nothing else runs', async (t) => {
  const world = await TestWorld.make(t);
  world.start({ PILOT_MEMORY_GB: '1' });
  await world.farm.heard('hello');
  await world.assign({ name: 'huge' }, { asked: { memoryBytes: 5 * GB } });
  await world.farm.heard('done');
});

test('how long opening took goes to the farm with a chunk that had to, and is no more than all its time', async (t) => {
  const world = await TestWorld.make(t);
  world.start();
  await world.farm.heard('hello');
  const opening = await world.assign({ name: 'opening', opens: true, gate: world.gate('opening') });
  await until(() => world.runs.includes('opening'), 'it never began');
  await world.openGate('opening');
  const { openingMs = 0, busyMs } = await world.farm.heard('done', ({ lease }) => lease === opening.lease);
  assert.ok(openingMs > 0 && openingMs <= busyMs, `${openingMs} of ${busyMs}`);
  const open = await world.assign({ name: 'open' });
  assert.equal((await world.farm.heard('done', ({ lease }) => lease === open.lease)).openingMs, undefined);
});

test('the most memory that was seen goes to the farm, and with a chunk that had too little what it had', async (t) => {
  const world = await TestWorld.make(t);
  const kind = fakeKind();
  const createRunner: typeof kind.createRunner = (options) => ({
    ...kind.createRunner(options),
    memoryBytes: async () => 12_345,
  });
  world.start({ PILOT_MEMORY_GB: '1' }, [{ ...kind, createRunner }]);
  await world.farm.heard('hello');
  await world.assign({ name: 'modest' });
  assert.equal((await world.farm.heard('done')).peakMemoryBytes, 12_345);
  await world.assign(
    { name: 'greedy', does: 'fail', code: 'out-of-memory' },
    { asked: { memoryBytes: 0.4 * GB } },
  );
  assert.equal((await world.farm.heard('failed')).peakMemoryBytes, 0.4 * GB);
});

test('each chunk that asks for a card has one of its own, also of two that are called the same; others what is left', async (t) => {
  const world = await TestWorld.make(t);
  const kind = fakeKind();
  const cards = new Map<unknown, string>();
  const createRunner: typeof kind.createRunner = (options) => {
    const runner = kind.createRunner(options);
    return {
      ...runner,
      run(chunk, ...rest) {
        const { name } = FakeChunk.parse(chunk.chunkSpec);
        cards.set(name, chunk.cards?.given.map(({ device }) => device).join() ?? 'all');
        return runner.run(chunk, ...rest);
      },
    };
  };
  const gpus = () => [0, 1, 2].map((number) => ({ name: 'Card', device: `cuda:${number}` }));
  world.start({ PILOT_SLOTS: '4', PILOT_GPUS: 'cuda:0,cuda:2' }, [{ ...kind, gpus, createRunner }]);
  const { offer } = await world.farm.heard('hello');
  assert.deepEqual(
    offer.gpus.map(({ device }) => device),
    ['cuda:0', 'cuda:2'],
  );
  const asked = { gpus: [{ name: 'Card', memoryBytes: 0 }] };
  for (const name of ['first', 'second']) {
    await world.assign({ name, gate: world.gate(name) }, { asked });
    await until(() => cards.has(name), `the ${name} never began`);
  }
  await world.assign({ name: 'third', gate: world.gate('third') }, { asked });
  await world.assign({ name: 'other', gate: world.gate('other') });
  await until(
    () => cards.size === 3,
    () => `begun: ${[...cards.keys()].join()}`,
  );
  const held = () => Object.fromEntries(cards);
  assert.deepEqual(held(), { first: 'cuda:0', second: 'cuda:2', other: '' });
  await world.openGate('second');
  await until(() => cards.has('third'), 'the third never began');
  assert.equal(held().third, 'cuda:2');
  for (const name of ['first', 'third', 'other']) await world.openGate(name);
});
