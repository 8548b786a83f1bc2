import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordinalOfChunk, stageOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { mulberry32 } from '../../tests/support/seeded-random.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { whyWaiting } from './why-waiting.ts';

const MINUTE = 60_000;

test('each chunk that names its worker is done by that one, though others idle, die and come back', () => {
  const scenario = fc.record({
    seed: fc.integer(),
    speeds: fc.array(fc.constantFrom(0.1, 1, 20), { minLength: 2, maxLength: 5 }),
    failing: fc.constantFrom(0, 0.3),
    pins: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
    killed: fc.nat(4),
    other: fc.nat(20),
  });
  fc.assert(
    fc.property(scenario, ({ seed, speeds, failing, pins, killed, other }) => {
      const sim = new SimulatedFarm(mulberry32(seed));
      const machines = speeds.map((speed) => sim.addMachine({ speed, failing }));
      const at = (index: number) => machines[index % machines.length] as (typeof machines)[number];
      if (other > 0) sim.addJob({ chunks: other });
      const workers = pins.map((index) => at(index).id);
      const job = sim.addJob({ chunks: workers.length, pins: workers });
      sim.pass(700, 100);
      sim.kill(at(killed));
      sim.pass(MINUTE, 1_000);
      sim.restartBalancer();
      for (const machine of machines) sim.connect(machine);
      const isOver = () => sim.mirror.rowsOf(job).every(({ status }) => /^(done|failed)$/.test(status));
      for (let minutes = 0; minutes < 60 && !isOver(); minutes += 1) sim.pass(MINUTE, 2_000);
      const stage = sim.mirror.jobs.get(job)?.stage.id;
      for (const { chunk, worker } of sim.mirror.leases.values())
        if (stageOfChunk(chunk) === stage) assert.equal(worker, workers[ordinalOfChunk(chunk)]);
      for (const { status } of sim.mirror.rowsOf(job)) assert.match(status, /^(done|failed)$/);
      if (failing === 0) for (const row of sim.mirror.rowsOf(job)) assert.equal(row.status, 'done');
    }),
    { numRuns: 15 },
  );
});

test('a job tells which part waits for which worker, also while the others are worked on', () => {
  const sim = new SimulatedFarm(mulberry32(1));
  const [here, gone] = [sim.addMachine({ speed: 1e-6 }), sim.addMachine()];
  sim.cut(gone);
  sim.pass(MINUTE);
  const job = sim.addJob({ chunks: 2, pins: [here.id, gone.id] });
  sim.pass(1_000);
  const stage = sim.mirror.jobs.get(job)?.stage.id;
  const why = () => whyWaiting(sim.farm, [job], sim.now)[0]?.reason ?? null;
  assert.deepEqual(why(), {
    code: 'pinned',
    waits: [{ stage, ordinal: 1, worker: gone.id, why: 'away' }],
    more: 0,
  });
  sim.connect(gone);
  sim.pass(1_000);
  assert.equal(why(), null);
});

test('a worker that lacks what the stage needs is told as such, not as one that is busy', () => {
  const sim = new SimulatedFarm(mulberry32(1));
  const machine = sim.addMachine({ capabilities: { data: ['other'] } });
  sim.addMachine({ capabilities: { data: ['wards'] } });
  const requirements = [{ key: 'data', op: 'includes', value: 'wards' } as const];
  const job = sim.addJob({ chunks: 1, pins: [machine.id], requirements });
  sim.pass(5_000);
  const reason = whyWaiting(sim.farm, [job], sim.now)[0]?.reason;
  assert.ok(reason?.code === 'pinned');
  assert.equal(reason.waits[0]?.why, 'lacking');
});
