import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const statuses = (sim: SimulatedFarm, job: JobId) => Map.groupBy(sim.mirror.rowsOf(job), (row) => row.status);

test('a worker that failed three chunks of a job gets no more of it, but work of other jobs', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine();
  const broken = sim.addMachine({ failing: 1 });
  const job = sim.addJob({ chunks: 40 });
  sim.pass(1_800_000);
  assert.equal(statuses(sim, job).get('done')?.length, 40);
  const failed = [...sim.mirror.leases.values()].filter((lease) => lease.outcome === 'failed');
  assert.deepEqual(new Set(failed.map((lease) => lease.worker)), new Set([broken.id]));
  assert.equal(new Set(failed.map((lease) => lease.chunk)).size, 3);

  const before = sim.grants.length;
  sim.addJob({ chunks: 10 });
  assert.ok(sim.grants.slice(before).some((grant) => grant.worker === broken.id));
});

test('that survives a restart', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const good = sim.addMachine();
  const broken = sim.addMachine({ failing: 1 });
  sim.addJob({ chunks: 60 });
  sim.pass(300_000);
  sim.restartBalancer();
  sim.connect(broken);
  sim.connect(good);
  const before = sim.grants.length;
  sim.pass(300_000);
  assert.deepEqual([...new Set(sim.grants.slice(before).map((grant) => grant.worker))], [good.id]);
});

test('with no worker left that may try, what waits fails with the last failure instead of waiting for ever', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine({ failing: 1 });
  const job = sim.addJob({ chunks: 500 });
  sim.pass(900_000);
  assert.equal(statuses(sim, job).get('failed')?.length, 500);
});

test('three bad chunks do not end a job whose only worker makes all the others', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine({ breaksOn: [3, 7, 11, 15, 19] });
  const job = sim.addJob({ chunks: 40 });
  sim.pass(7_200_000);
  assert.equal(statuses(sim, job).get('done')?.length, 35);
  assert.equal(statuses(sim, job).get('failed')?.length, 5);
});

test('an error of a script is tried on another worker; where it comes there too the chunk fails, and nobody is excluded', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const odd = sim.addMachine({ failing: 1, failure: 'training/script-error' });
  sim.addMachine({ breaksOn: [3], failure: 'training/script-error' });
  const job = sim.addJob({ chunks: 20 });
  sim.pass(1_800_000);
  assert.equal(statuses(sim, job).get('done')?.length, 19);
  assert.equal(statuses(sim, job).get('failed')?.length, 1);
  const failed = [...sim.mirror.leases.values()].filter((lease) => lease.outcome === 'failed');
  const tried = Map.groupBy(failed, (lease) => lease.chunk);
  assert.ok(
    tried.values().every((leases) => new Set(leases.map((one) => one.worker)).size === leases.length),
  );
  assert.ok(failed.filter((lease) => lease.worker === odd.id).length > 3, 'the worker was excluded');
});
