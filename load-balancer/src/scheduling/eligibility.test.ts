import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const SOMEBODY = { person: 'per_somebody0001' as PersonId, team: 'tea_somebody0001' as TeamId };
const BOXED = { sandbox: 'bubblewrap' };
// One that says nothing of a sandbox is taken for one that has none.
const OPEN: Capabilities[] = [{ sandbox: 'none' }, {}, { sandbox: true }];

const done = (sim: SimulatedFarm, job: JobId): number =>
  sim.mirror.rowsOf(job).filter((row) => row.status === 'done').length;

for (const capabilities of OPEN) {
  const which = JSON.stringify(capabilities);

  test(`a worker without a sandbox gets no job of somebody else, and those of its owner: ${which}`, () => {
    const sim = new SimulatedFarm(() => 0.5);
    sim.addMachine({ capabilities });
    const [theirs, own] = [sim.addJob({ chunks: 5, ...SOMEBODY }), sim.addJob({ chunks: 5 })];
    sim.pass(1_800_000);
    assert.deepEqual([done(sim, theirs), done(sim, own)], [0, 5]);
    // It waits for a worker that may have it, and does not fail meanwhile.
    sim.addMachine({ capabilities: BOXED });
    sim.pass(1_800_000);
    assert.equal(done(sim, theirs), 5);
  });

  test(`a worker that comes back without its sandbox gets no more of what it had: ${which}`, () => {
    const sim = new SimulatedFarm(() => 0.5);
    const machine = sim.addMachine({ capabilities: BOXED });
    const job = sim.addJob({ chunks: 500, ...SOMEBODY });
    sim.pass(60_000);
    sim.kill(machine);
    machine.capabilities = capabilities;
    sim.connect(machine);
    const before = sim.grants.length;
    sim.pass(600_000);
    assert.equal(sim.grants.length, before);
    assert.ok(done(sim, job) > 0 && done(sim, job) < 500);
    sim.restartBalancer();
    sim.connect(machine);
    sim.pass(600_000);
    assert.equal(sim.grants.length, before);
  });
}

test('work is not kept back for a worker without a sandbox that may not have it', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine({ capabilities: { sandbox: 'none' } });
  const only = sim.addMachine({ capabilities: BOXED, breaksOn: [0] });
  const job = sim.addJob({ chunks: 3, ...SOMEBODY });
  sim.pass(7_200_000);
  // The chunk that fails is tried there again, since nobody else may: otherwise it would wait for ever.
  assert.deepEqual(
    sim.mirror.rowsOf(job).map((row) => row.status),
    ['failed', 'done', 'done'],
  );
  assert.ok(sim.grants.every((grant) => grant.worker === only.id));
});
