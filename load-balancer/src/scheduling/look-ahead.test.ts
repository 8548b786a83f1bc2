import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

/** One machine with a long queue of chunks that each take it `ms`; runs until their times are known. */
function busy({ ms, slots, chunks = 400 }: { ms: number; slots: number; chunks?: number }) {
  // A chunk of the simulation is 500 ms of work at least.
  const sim = new SimulatedFarm(() => 0);
  const machine = sim.addMachine({ slots, speed: 500 / ms });
  const job = sim.addJob({ chunks });
  const step = Math.max(1, ms / 3);
  sim.pass(20 * ms, step);
  return { sim, machine, job, step };
}

test('what a worker has ahead is some 300 ms of work and one chunk, however long chunks are and however many slots it has', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 6, noNaN: true }),
      fc.integer({ min: 1, max: 4 }),
      (digits, slots) => {
        const ms = 10 ** digits;
        const { sim, machine, step } = busy({ ms, slots });
        for (let steps = 0; steps < 10; steps += 1) {
          sim.pass(step, step);
          const { length } = machine.queue;
          assert.ok(length >= 1 || ms > 100, 'it waits for an answer');
          assert.ok(length <= 24 * slots);
          assert.ok(((length - slots) * ms) / slots <= 300 + ms, `${length} chunks of ${ms} ms are ahead`);
        }
      },
    ),
    { numRuns: 15 },
  );
});

test('frames of 15 ms need not wait for a round trip, those of ten minutes are left for others', () => {
  assert.ok(busy({ ms: 15, slots: 1 }).machine.queue.length >= 15);
  const { machine } = busy({ ms: 600_000, slots: 1 });
  assert.ok(machine.queue.length <= 1);
});

test('where frames turn out long, those ahead are taken back for a worker that has nothing to do', () => {
  const { sim, machine, job } = busy({ ms: 15, slots: 1, chunks: 36 });
  assert.equal([...sim.farm.stages.values()].at(-1)?.chunks.count('queued'), 0);
  const ahead = machine.queue.length;
  assert.ok(ahead > 10);
  machine.speed /= 100_000;
  sim.pass(1_000, 15);
  const other = sim.addMachine({ speed: 500 / 15 });
  sim.pass(2_000, 15);
  // The slow one may begin one more, as what it ran is tried elsewhere.
  assert.ok(sim.grants.filter(({ worker }) => worker === other.id).length >= ahead - 1);
  assert.ok(sim.mirror.rowsOf(job).every((row) => row.finishes <= 1));
});

test('nothing is given ahead of what lasts until it is told to end: only so can it be seen to wait', () => {
  const sim = new SimulatedFarm(() => 0);
  sim.addJob({ chunks: 1 });
  const [lasting] = sim.farm.stages.values();
  assert.ok(lasting !== undefined);
  lasting.lasting = true;
  sim.addMachine({ slots: 1, speed: 1 / 10 });
  sim.pass(100, 20);
  assert.equal(lasting.chunks.count('queued'), 0);
  const job = sim.addJob({ chunks: 1 });
  sim.pass(200, 20);
  const other = [...sim.farm.stages.values()].find((stage) => stage.job.id === job);
  assert.equal(other?.chunks.count('queued'), 1);
});

test('what a round gives ahead has its bounds, and the next ones give the rest', () => {
  const sim = new SimulatedFarm(() => 0);
  const machines = Array.from({ length: 100 }, () => sim.addMachine({ speed: 500 / 5 }));
  sim.addJob({ chunks: 4_000 });
  const granted: number[] = [];
  let counted = sim.grants.length;
  const round = sim.round.bind(sim);
  // What workers answer is a round within the round.
  sim.round = (events) => {
    granted.push(sim.grants.length - counted);
    counted = sim.grants.length;
    round(events);
    granted.push(sim.grants.length - counted);
    counted = sim.grants.length;
  };
  // As soon as one chunk is done, all machines may have 24 ahead.
  sim.pass(10, 5);
  const most = Math.max(...granted);
  assert.ok(most >= 2_000 && most <= 2_000 + 2 * machines.length, `${most} were given at once`);
  assert.ok(machines.every(({ queue }) => queue.length > 15));
});
