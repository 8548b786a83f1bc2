import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

/** Two workers that are equally fast as far as the farm knows; then one gets two hundred times slower, and says nothing. */
function oneSecretlySlow() {
  const sim = new SimulatedFarm(() => 0.5);
  const [fine, slow] = [sim.addMachine({ speed: 10 }), sim.addMachine({ speed: 10 })];
  sim.addJob({ chunks: 60 });
  sim.pass(300_000);
  assert.equal(sim.farm.leases.size, 0);
  slow.speed = 0.05;
  return { sim, fine, slow };
}

test('the last chunk does not wait for a worker that got slow: another one is tried and wins, and what it cost is counted', () => {
  const { sim, fine, slow } = oneSecretlySlow();
  const job = sim.addJob({ chunks: 40 });
  const stage = [...sim.farm.stages.values()].at(-1);
  // The slow one alone would need ten minutes for its chunk.
  sim.pass(240_000);
  assert.ok(sim.mirror.rowsOf(job).every((row) => row.status === 'done' && row.finishes === 1));
  const backups = [...sim.mirror.leases.values()].filter((lease) => lease.purpose === 'backup');
  assert.ok(backups.length > 0);
  assert.ok(backups.every(({ worker, outcome }) => worker === fine.id && outcome === 'done'));
  const lost = [...sim.mirror.leases.values()].filter((lease) => lease.outcome === 'superseded');
  assert.equal(lost.length, backups.length);
  assert.ok(lost.every(({ worker }) => worker === slow.id));
  assert.equal(slow.running.size, 0);
  assert.ok(stage && stage.times.doubled > 0);
});

test('nothing is done twice where that is more than a twentieth of the work', () => {
  const { sim } = oneSecretlySlow();
  sim.addJob({ chunks: 3 });
  sim.pass(160_000);
  assert.ok([...sim.mirror.leases.values()].every((lease) => lease.purpose === 'first'));
});
