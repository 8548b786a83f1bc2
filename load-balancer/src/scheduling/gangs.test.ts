import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { mulberry32 } from '../../tests/support/seeded-random.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { PASSED_AT_MOST_MS, watchGangs } from '../../tests/support/watch-gangs.ts';
import { whyWaiting } from './why-waiting.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

const openLeases = (sim: SimulatedFarm, job: JobId) =>
  [...sim.farm.leases.values()].filter((lease) => lease.stage.job.id === job);
const workersOf = (sim: SimulatedFarm, job: JobId) =>
  new Set(openLeases(sim, job).map(({ worker }) => worker.id));

test('a gang begins on all of its places at once, or on none', () => {
  const sim = new SimulatedFarm(mulberry32(1));
  for (let machines = 0; machines < 2; machines += 1) sim.addMachine();
  const job = sim.addJob({ chunks: 3, gangMin: 3 });
  sim.pass(10 * MINUTE);
  assert.equal(sim.grants.length, 0, 'two of three were given');
  sim.addMachine();
  sim.pass(1_000);
  assert.equal(workersOf(sim, job).size, 3);
});

test('one that may be smaller waits a moment for more workers, and then begins with those that are here', () => {
  const sim = new SimulatedFarm(mulberry32(1));
  for (let machines = 0; machines < 2; machines += 1) sim.addMachine();
  const job = sim.addJob({ chunks: 4, gangMin: 2 });
  sim.pass(1_000);
  assert.equal(openLeases(sim, job).length, 0);
  sim.pass(3_000);
  assert.deepEqual(
    openLeases(sim, job).map(({ gang }) => gang),
    [2, 2],
  );
});

test('a member that is lost ends all of its gang without an attempt of the others, and those that are left go on from what they kept', () => {
  const sim = new SimulatedFarm(mulberry32(4));
  const machines = [1, 2, 3, 4].map(() => sim.addMachine({ speed: 0.001 }));
  const job = sim.addJob({ chunks: 4, gangMin: 2 });
  sim.pass(5_000);
  assert.equal(openLeases(sim, job).length, 4);
  const [lost] = machines;
  assert.ok(lost);
  sim.kill(lost);
  sim.pass(30_000);
  assert.deepEqual(
    openLeases(sim, job).map(({ gang }) => gang),
    [3, 3, 3],
  );
  const kept = openLeases(sim, job).filter(({ checkpoint }) => checkpoint !== null);
  assert.ok(kept.length > 0, 'nothing of what was kept is gone on from');
  const outcomes = [...sim.mirror.leases.values()].map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.slice(0, 4).sort(), ['expired', 'preempted', 'preempted', 'preempted']);
  const attempts = sim.mirror.rowsOf(job).reduce((sum, row) => sum + row.attempts, 0);
  assert.equal(attempts, 3 + 1, 'beside the three that run, one that was lost is an attempt');
});

test('after a restart of the load balancer a gang that is whole goes on, and one that is not ends', () => {
  const sim = new SimulatedFarm(mulberry32(4));
  const machines = [1, 2, 3].map(() => sim.addMachine({ speed: 0.001 }));
  const job = sim.addJob({ chunks: 3, gangMin: 2 });
  sim.pass(5_000);
  const before = openLeases(sim, job).map(({ id }) => id);
  sim.restartBalancer();
  for (const machine of machines) sim.connect(machine);
  sim.pass(30_000);
  assert.deepEqual(
    openLeases(sim, job).map(({ id }) => id),
    before,
  );
  sim.restartBalancer();
  for (const machine of machines.slice(1)) sim.connect(machine);
  sim.pass(MINUTE);
  assert.deepEqual(
    openLeases(sim, job).map(({ gang }) => gang),
    [2, 2],
  );
});

test('what one member fails of for good fails all of them: the others are not tried without it', () => {
  const sim = new SimulatedFarm(mulberry32(2));
  for (let machines = 0; machines < 3; machines += 1) {
    const machine = sim.addMachine({ failing: 1, failure: 'training/script-error' });
    machine.following.add = () => machine.following;
  }
  const job = sim.addJob({ chunks: 3, gangMin: 1 });
  sim.pass(HOUR, 1_000);
  assert.deepEqual(
    sim.mirror.rowsOf(job).map(({ status, failure }) => [status, failure ?? 'It died.']),
    Array.from({ length: 3 }, () => ['failed', 'It died.']),
  );
});

test('a gang of four gets its places while short chunks never stop coming, and what is short is let in until then', () => {
  const sim = new SimulatedFarm(mulberry32(7));
  for (let machines = 0; machines < 4; machines += 1) sim.addMachine({ tells: true });
  sim.addJob({ chunks: 5_000 });
  sim.pass(5 * MINUTE);
  const gang = sim.addJob({ chunks: 4, gangMin: 4 });
  const { begun } = watchGangs(sim);
  sim.pass(PASSED_AT_MOST_MS);
  assert.ok(begun.has(gang), 'it has not begun');
});

test('two gangs that need more than there is together get their places one after the other', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  for (let machines = 0; machines < 4; machines += 1) sim.addMachine();
  const jobs = [1, 2].map(() => sim.addJob({ chunks: 3, gangMin: 3 }));
  const { begun } = watchGangs(sim);
  sim.pass(10 * MINUTE);
  assert.deepEqual([...begun], jobs);
  for (const job of jobs)
    assert.equal(sim.mirror.rowsOf(job).filter(({ status }) => status === 'done').length, 1);
});

test('while a gang runs, what it leaves idle is not kept for another one that cannot begin yet', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  for (let machines = 0; machines < 4; machines += 1) sim.addMachine({ speed: 0.01 });
  sim.addJob({ chunks: 3, gangMin: 3 });
  sim.pass(5_000);
  sim.addJob({ chunks: 3, gangMin: 3 });
  sim.pass(10 * MINUTE);
  const small = sim.addJob({ chunks: 1 });
  sim.pass(2_000);
  assert.equal(openLeases(sim, small).length, 1);
});

test('a gang that waits says how many places it needs, and how many there are', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  for (let machines = 0; machines < 2; machines += 1) sim.addMachine();
  const job = sim.addJob({ chunks: 3, gangMin: 3 });
  const why = () => whyWaiting(sim.farm, [job], sim.now)[0]?.reason;
  assert.deepEqual(why(), { code: 'gang', fewest: 3, places: 2, free: 2, kept: false });
  sim.addJob({ chunks: 5_000 });
  sim.pass(1_000);
  sim.addMachine();
  sim.pass(MINUTE / 2);
  assert.deepEqual(why(), { code: 'gang', fewest: 3, places: 3, free: 0, kept: true });
});

test('nothing is kept free for a gang that is larger than all workers together', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  for (let machines = 0; machines < 3; machines += 1) sim.addMachine();
  sim.addJob({ chunks: 4, gangMin: 4 });
  sim.pass(5 * MINUTE);
  const small = sim.addJob({ chunks: 3 });
  sim.pass(500);
  assert.equal(openLeases(sim, small).length, 3);
});

test('workers that do not reach each other are not in one gang', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  const [here, there] = [{ gang: 'machine' }, { gang: 'network' }];
  for (const capabilities of [here, here, there, there, there]) sim.addMachine({ capabilities });
  const job = sim.addJob({ chunks: 5, gangMin: 2 });
  sim.pass(5_000);
  const reach = openLeases(sim, job).map(({ worker }) => worker.capabilities.gang);
  assert.deepEqual(reach, ['network', 'network', 'network']);
});

test('through deaths, cuts and restarts gangs are whole or not there, each is done once, and none waits for ever', () => {
  fc.assert(
    fc.property(scenario, ({ seed, gangs, small, machines, mishaps }) => {
      const random = mulberry32(seed);
      const sim = new SimulatedFarm(random);
      // These stay, so that the largest gang can begin one day.
      const staying = Math.max(1, ...gangs.map(({ min }) => min));
      for (let count = 0; count < staying; count += 1) sim.addMachine({ tells: count % 2 === 0 });
      for (const machine of machines) sim.addMachine(machine);
      const { begun } = watchGangs(sim);
      const jobs = gangs.map(({ min, more, priority }) =>
        sim.addJob({ chunks: min + more, gangMin: min, priority }),
      );
      for (const { chunks, priority } of small) {
        sim.pass(Math.floor(random() * 30_000), 1_000);
        sim.addJob({ chunks, priority });
      }
      for (const { kind, which } of mishaps) {
        sim.pass(Math.floor(random() * 90_000), 1_000);
        happen(sim, kind, which, staying);
      }
      for (const machine of sim.machines.values()) if (machine.session === null) sim.connect(machine);
      const isOver = () =>
        jobs.every((job) => sim.farm.jobs.get(job) === undefined) && sim.farm.leases.size === 0;
      for (let minutes = 0; minutes < 3_000 && !isOver(); minutes += 10) sim.pass(10 * MINUTE, 5_000);
      for (const job of jobs) {
        assert.ok(begun.has(job), `${job} never began`);
        const rows = sim.mirror.rowsOf(job);
        const done = rows.filter(({ status }) => status === 'done');
        if (done.length === 0) assert.ok(rows.every(({ status }) => status === 'failed'));
        else assert.deepEqual([done.length, done[0]?.finishes], [1, 1]);
      }
      assert.equal([...sim.mirror.leases.values()].filter((lease) => lease.outcome === null).length, 0);
    }),
    { numRuns: 100 },
  );
});

const scenario = fc.record({
  seed: fc.integer(),
  gangs: fc.array(
    fc.record({
      min: fc.integer({ min: 1, max: 4 }),
      more: fc.integer({ min: 0, max: 3 }),
      priority: fc.constantFrom(0, 0, 1),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  small: fc.array(
    fc.record({ chunks: fc.integer({ min: 1, max: 30 }), priority: fc.constantFrom(0, 0, 1, 2) }),
    { maxLength: 4 },
  ),
  machines: fc.array(
    fc.record({
      slots: fc.integer({ min: 1, max: 3 }),
      speed: fc.double({ min: 0.2, max: 5, noNaN: true }),
      failing: fc.constantFrom(0, 0, 0.1),
      tells: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  mishaps: fc.array(
    fc.record({
      kind: fc.constantFrom('kill', 'cut', 'leave', 'return', 'restart', 'join', 'keep'),
      which: fc.nat(1_000),
    }),
    { maxLength: 15 },
  ),
});

function happen(sim: SimulatedFarm, kind: string, which: number, staying: number): void {
  const machines = [...sim.machines.values()];
  if (kind === 'restart') {
    sim.restartBalancer();
    for (const [at, machine] of machines.entries())
      if (at < staying || (which + at) % 4 !== 0) sim.connect(machine);
    return;
  }
  if (kind === 'join') sim.addMachine({ speed: 2 });
  if (kind === 'keep') sim.keep(which);
  // Also one of those that stay is killed: it comes back at once.
  const machine = machines[which % machines.length];
  if (machine === undefined) return;
  if (kind === 'return' && machine.session === null) sim.connect(machine);
  if (machine.session === null) return;
  if (kind === 'kill') sim.kill(machine);
  if (kind === 'cut') sim.cut(machine);
  if (kind === 'leave') sim.leave(machine);
  if (machines.indexOf(machine) < staying && machine.session === null) sim.connect(machine);
}
