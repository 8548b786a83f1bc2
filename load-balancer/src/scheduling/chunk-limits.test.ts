import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const BLUE = { person: 'per_blue00000001' as PersonId, team: 'tea_blue00000001' as TeamId };
const RED = { person: 'per_red000000001' as PersonId, team: 'tea_red000000001' as TeamId };
const BOXED = { sandbox: 'bubblewrap' };

const heldBy = (sim: SimulatedFarm, holder: TeamId | PersonId): number =>
  [...sim.farm.leases.values()].filter(({ stage: { job } }) => job.team === holder || job.person === holder)
    .length;

test('a team never holds more chunks than its limit, through deaths, cuts and restarts, and all is done at last', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.constantFrom('kill', 'cut', 'restart', 'connect', 'pass'), { maxLength: 20 }),
      (most, mishaps) => {
        const sim = new SimulatedFarm(() => 0.5);
        const limit = () => {
          sim.farm.chunkLimits = { set: new Map([[BLUE.team, most]]), eachTeam: null };
        };
        limit();
        for (let count = 0; count < 4; count += 1) sim.addMachine({ slots: 2, capabilities: BOXED });
        const jobs = [sim.addJob({ chunks: 12, ...BLUE }), sim.addJob({ chunks: 12, ...BLUE })];
        const check = () => assert.ok(heldBy(sim, BLUE.team) <= most, `${heldBy(sim, BLUE.team)} of ${most}`);
        for (const [at, mishap] of mishaps.entries()) {
          const machine = [...sim.machines.values()][at % 4];
          if (machine === undefined) continue;
          if (mishap === 'restart') {
            sim.restartBalancer();
            limit();
          }
          if (mishap === 'kill' && machine.session !== null) sim.kill(machine);
          if (mishap === 'cut' && machine.session !== null) sim.cut(machine);
          if (mishap === 'connect' && machine.session === null) sim.connect(machine);
          sim.pass(7_000, 1_000);
          check();
        }
        for (const machine of sim.machines.values()) if (machine.session === null) sim.connect(machine);
        for (let hours = 0; hours < 24; hours += 1) {
          sim.pass(600_000, 5_000);
          check();
        }
        // One that was lost with three workers fails for good.
        for (const row of jobs.flatMap((job) => sim.mirror.rowsOf(job)))
          assert.ok(row.status === 'done' || (row.status === 'failed' && row.attempts === 3), row.status);
        assert.equal(sim.farm.held.size, 0);
      },
    ),
    { numRuns: 40 },
  );
});

test('what a limited team may not take goes to others, and nobody idles for it', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.farm.chunkLimits = { set: new Map([[BLUE.team, 2]]), eachTeam: null };
  for (let count = 0; count < 6; count += 1) sim.addMachine({ capabilities: BOXED });
  sim.addJob({ chunks: 100, priority: 5, ...BLUE });
  sim.addJob({ chunks: 100, ...RED });
  sim.pass(2_000);
  assert.deepEqual([heldBy(sim, BLUE.team), heldBy(sim, RED.team)], [2, 10]);
  // Raised, it has the others' places by its priority as they come free.
  sim.farm.chunkLimits = { set: new Map(), eachTeam: null };
  sim.pass(120_000);
  assert.ok(heldBy(sim, BLUE.team) > 2);
});

test('limits are of each team, of one person in all teams, and none for whom it was so set', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.farm.chunkLimits = {
    set: new Map<TeamId | PersonId, number | null>([
      [BLUE.team, null],
      [RED.person, 1],
    ]),
    eachTeam: 3,
  };
  for (let count = 0; count < 10; count += 1) sim.addMachine({ capabilities: BOXED });
  sim.addJob({ chunks: 50, ...RED });
  sim.addJob({ chunks: 50, team: RED.team, person: BLUE.person });
  sim.addJob({ chunks: 50, ...RED, team: 'tea_third0000001' as TeamId });
  sim.pass(2_000);
  assert.deepEqual([heldBy(sim, RED.team), heldBy(sim, RED.person)], [3, 1]);
  sim.addJob({ chunks: 50, ...BLUE });
  sim.pass(120_000);
  assert.ok(heldBy(sim, BLUE.team) > 3);
});
