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

test('of workers that say nothing, what takes five times as long as the others is tried on another one', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const [one] = [sim.addMachine({ speed: 10 }), sim.addMachine({ speed: 10 })];
  sim.addJob({ chunks: 60 });
  const [stage] = sim.farm.stages.values();
  assert.ok(stage);
  while (stage.chunks.count('queued') > 0 || one.running.size === 0) sim.pass(100);
  const [stuck] = one.running.values();
  assert.ok(stuck);
  stuck.ends = sim.now + 3_600_000;
  const began = sim.now;
  const usual = (stage.times.work.mean ?? Number.NaN) / (sim.farm.workers.get(one.id)?.speed ?? 1);
  while (![...sim.mirror.leases.values()].some((lease) => lease.purpose === 'backup')) {
    assert.ok(sim.now - began < 6 * usual, 'there is no backup yet');
    sim.pass(100);
  }
});

test('nothing is done twice where that is more than a twentieth of the work', () => {
  const { sim } = oneSecretlySlow();
  sim.addJob({ chunks: 3 });
  sim.pass(160_000);
  assert.ok([...sim.mirror.leases.values()].every((lease) => lease.purpose === 'first'));
});

test('the slow one is ended as soon as the backup is seen to be ahead of it, and does other work', () => {
  const { sim, fine, slow } = oneSecretlySlow();
  for (const machine of [fine, slow]) machine.tells = true;
  sim.addJob({ chunks: 100 });
  for (let seconds = 0; seconds < 600; seconds += 1) {
    sim.pass(1_000);
    const lost = [...sim.mirror.leases].find(([, lease]) => lease.outcome === 'superseded');
    if (lost === undefined) continue;
    assert.equal(lost[1].worker, slow.id);
    const rival = [...sim.farm.leases.values()].find((lease) => lease.purpose === 'backup');
    assert.ok(rival !== undefined && rival.fraction < 1, 'it was ended only when its rival was done');
    assert.ok(!slow.running.has(lost[0]), 'it works on for nothing');
    return;
  }
  assert.fail('no lease was ended before its rival was done');
});

test('a large chunk that ends no sooner elsewhere is left where it is', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const [one, other] = [
    sim.addMachine({ speed: 10, tells: true }),
    sim.addMachine({ speed: 10, tells: true }),
  ];
  sim.addJob({ chunks: 200 });
  sim.pass(100_000);
  const [large] = one.running.values();
  assert.ok(large);
  large.ends = sim.now + 120_000;
  sim.pass(600_000);
  assert.equal(other.running.size, 0);
  assert.ok([...sim.mirror.leases.values()].every((lease) => lease.purpose === 'first'));
});
