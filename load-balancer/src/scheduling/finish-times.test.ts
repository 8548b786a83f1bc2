import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const done = (sim: SimulatedFarm, job: JobId): number =>
  sim.mirror.rowsOf(job).filter((row) => row.status === 'done').length;

/** A fast worker and a slow one, known from an earlier job; each chunk is 30 s of work. */
function fastAndSlow() {
  const sim = new SimulatedFarm(() => 0.5);
  const [fast, slow] = [sim.addMachine({ speed: 10 }), sim.addMachine({ speed: 0.5 })];
  const job = sim.addJob({ chunks: 60 });
  sim.pass(600_000);
  assert.equal(done(sim, job), 60);
  return { sim, fast, slow };
}

test('a slow worker is not given what a faster one finishes sooner, even if that is to wait', () => {
  const { sim, fast, slow } = fastAndSlow();
  const job = sim.addJob({ chunks: 8 });
  sim.pass(40_000);
  assert.equal(done(sim, job), 8);
  const late = sim.grants.filter((grant) => grant.job === job);
  // Nothing is known of the job itself before its first chunk is done: one may have begun there, and was not waited for.
  assert.ok(late.filter((grant) => grant.worker === slow.id).length <= 1);
  assert.ok(late.filter((grant) => grant.worker === fast.id).length >= 7);
});

test('an only worker is given what waits, however fast it is known to be', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1_000, noNaN: true }), (speed) => {
      const sim = new SimulatedFarm(() => 0.5);
      const worker = sim.addMachine({ speed: 1 });
      sim.pass(1_000);
      const known = sim.farm.workers.get(worker.id);
      assert.ok(known !== undefined);
      known.speed = speed;
      sim.addJob({ chunks: 1 });
      sim.pass(1_000);
      assert.equal(sim.grants.length, 1);
    }),
    { numRuns: 50 },
  );
});
