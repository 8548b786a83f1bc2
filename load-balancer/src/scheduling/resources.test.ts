import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Asked, Offer } from '@parallel-pilot/shared/model/resources.ts';
import { type Machine, SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const MINUTE = 60_000;
const OFFER: Offer = { threads: 4, memoryBytes: 10e9, diskBytes: 0, gpus: [], counts: {} };
const LARGE: Asked = { memoryBytes: 6e9 };
const SMALL: Asked = { memoryBytes: 1e9, threads: 1 };

const jobsAt = (sim: SimulatedFarm, { running }: Machine) =>
  [...running.keys()].map((lease) => sim.farm.leases.get(lease)?.stage.job.id);

describe('what chunks use up of a worker', () => {
  test('two that ask for 60 % of its memory do not run there together, and one is ready to follow', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const machine = sim.addMachine({ slots: 4, offer: OFFER });
    const job = sim.addJob({ chunks: 6, asked: LARGE });
    for (let minute = 0; minute < 4; minute += 1) {
      assert.deepEqual([machine.running.size, machine.queue.length], [1, 1]);
      sim.pass(MINUTE / 2);
    }
    sim.pass(5 * MINUTE);
    assert.ok(sim.mirror.rowsOf(job).every((row) => row.status === 'done'));
  });

  test('small ones run beside a large one, on as many slots as are left', () => {
    const sim = new SimulatedFarm(() => 0.9);
    const machine = sim.addMachine({ slots: 4, offer: OFFER, speed: 0.01 });
    const large = sim.addJob({ chunks: 3, asked: LARGE });
    const small = sim.addJob({ chunks: 9, asked: SMALL });
    sim.pass(1_000);
    const at = jobsAt(sim, machine);
    assert.deepEqual(
      [at.filter((it) => it === large).length, at.filter((it) => it === small).length],
      [1, 3],
    );
  });

  test('a large one gets its turn where small ones never leave room for it', () => {
    let chance = 0;
    const sim = new SimulatedFarm(() => {
      chance = (chance + 0.37) % 1;
      return chance;
    });
    sim.addMachine({ slots: 4, offer: OFFER });
    sim.addJob({ chunks: 2_000, asked: { memoryBytes: 2.5e9 } });
    sim.pass(MINUTE);
    const large = sim.addJob({ chunks: 2, asked: { memoryBytes: 9e9 } });
    sim.pass(10 * MINUTE);
    assert.deepEqual(
      sim.mirror.rowsOf(large).map((row) => row.status),
      ['done', 'done'],
    );
  });

  test('work goes past a worker that could never hold it, and waits where nobody can', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const little = sim.addMachine({ offer: { ...OFFER, memoryBytes: 4e9 } });
    const job = sim.addJob({ chunks: 2, asked: LARGE });
    sim.pass(MINUTE);
    assert.deepEqual([little.running.size, little.queue.length], [0, 0]);
    sim.addMachine({ offer: OFFER });
    sim.pass(5 * MINUTE);
    assert.ok(sim.mirror.rowsOf(job).every((row) => row.status === 'done'));
    assert.ok(sim.grants.every(({ worker }) => worker !== little.id));
  });

  test('named counts and GPUs are given to one at a time', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const gpus = [
      { name: 'small', memoryBytes: 8e9 },
      { name: 'large', memoryBytes: 24e9 },
    ];
    const licensed = sim.addJob({ chunks: 4, asked: { counts: { licence: 1 } } });
    const onGpu = sim.addJob({ chunks: 4, asked: { gpus: [{ name: null, memoryBytes: 0 }] } });
    const onLargeGpu = sim.addJob({ chunks: 4, asked: { gpus: [{ name: null, memoryBytes: 12e9 }] } });
    const offer = { ...OFFER, gpus, counts: { licence: 1 } };
    const machine = sim.addMachine({ slots: 4, offer, speed: 0.01 });
    const at = jobsAt(sim, machine);
    assert.deepEqual(
      [licensed, onGpu, onLargeGpu].map((job) => at.filter((it) => it === job).length),
      [1, 1, 1],
    );
  });
});

describe('memory that turns out to be needed', () => {
  const endedAt = (peakMemoryBytes: number) => ({
    code: 'out-of-memory' as const,
    message: 'It was ended.',
    peakMemoryBytes,
  });

  test('a chunk that was ended for want of it goes to a worker where it gets 1.5 times as much', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const little = sim.addMachine({ offer: { ...OFFER, memoryBytes: 4e9 }, needs: endedAt(4e9), speed: 2 });
    const job = sim.addJob({ chunks: 1 });
    const much = sim.addMachine({ offer: { ...OFFER, memoryBytes: 6e9 } });
    const more = sim.addMachine({ offer: { ...OFFER, memoryBytes: 5e9 }, speed: 5 });
    sim.pass(5 * MINUTE);
    assert.deepEqual(
      sim.grants.map(({ worker }) => worker),
      [little.id, much.id],
    );
    assert.ok(more.running.size === 0);
    assert.deepEqual(
      sim.mirror.rowsOf(job).map((row) => [row.status, row.attempts]),
      [['done', 2]],
    );
  });

  test('it gets more on the same worker where that has it, alone beside nothing', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const machine = sim.addMachine({ slots: 4, offer: OFFER, needs: endedAt(2.5e9) });
    const job = sim.addJob({ chunks: 4 });
    sim.pass(MINUTE);
    machine.needs = null;
    sim.pass(10 * MINUTE);
    assert.ok(sim.mirror.rowsOf(job).every((row) => row.status === 'done' && row.attempts === 2));
    // Of four slots' parts they get one and a half each: two at a time.
    assert.ok(sim.farm.stages.size > 0);
  });

  test('where nobody offers that, it fails with a sentence that says what was needed', () => {
    const sim = new SimulatedFarm(() => 0.5);
    sim.addMachine({ offer: { ...OFFER, memoryBytes: 4e9 }, needs: endedAt(4e9) });
    sim.addMachine({ offer: { ...OFFER, memoryBytes: 5e9 }, needs: endedAt(5e9) });
    const job = sim.addJob({ chunks: 1 });
    sim.pass(5 * MINUTE);
    const [row] = sim.mirror.rowsOf(job);
    assert.deepEqual([row?.status, row?.attempts], ['failed', 1]);
    assert.match(
      row?.failure ?? '',
      /It was ended\. The next try would be with (6|7\.5) GB of memory; the most that a worker offers which may run it is 5 GB\./,
    );
  });

  test('what the done ones used keeps the others of a stage from workers that have less, also after a restart', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const much = sim.addMachine({ offer: OFFER, peakMemoryBytes: 8e9, speed: 10 });
    const job = sim.addJob({ chunks: 40 });
    sim.pass(MINUTE / 6);
    const before = sim.grants.length;
    const little = sim.addMachine({ offer: { ...OFFER, memoryBytes: 4e9 } });
    sim.pass(MINUTE / 6);
    sim.restartBalancer();
    for (const machine of sim.machines.values()) sim.connect(machine);
    sim.pass(10 * MINUTE);
    assert.ok(sim.mirror.rowsOf(job).every((row) => row.status === 'done'));
    assert.ok(before < sim.grants.length && sim.grants.every(({ worker }) => worker !== little.id));
    assert.ok(sim.grants.every(({ worker }) => worker === much.id));
  });
});

test('a worker that hands in a chunk while it runs the next has one ahead, not two, which it would turn away', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const machine = sim.addMachine();
  sim.addJob({ chunks: 4 });
  const { session } = machine;
  const [next] = machine.queue;
  assert.ok(session !== null && next);
  sim.round([{ type: 'started', session, lease: next.lease }]);
  sim.pass(1_000);
  const begun = [...sim.farm.leases.values()].filter(({ startedAt }) => startedAt !== null);
  assert.deepEqual([begun.length, sim.farm.leases.size], [2, 3]);
});
