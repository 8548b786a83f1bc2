import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { TURN_MS } from './fairness.ts';

const HOUR = 3_600_000;
const BOXED = { sandbox: 'bubblewrap' };

const person = (at: number): { person: PersonId; team: TeamId } => ({
  person: `per_person0000${at}` as PersonId,
  team: `tea_team000000${at}` as TeamId,
});

const grantsOf = (sim: SimulatedFarm, jobs: JobId[]): number =>
  sim.grants.filter((grant) => jobs.includes(grant.job)).length;

describe('teams', () => {
  test('receive equal slot time, however many jobs each has and however urgent it calls them', () => {
    const plan = fc.record({
      jobs: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(plan, { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (plans, slots) => {
          const sim = new SimulatedFarm(() => 0.3);
          for (let at = 0; at < slots; at += 1) sim.addMachine({ speed: 30, capabilities: BOXED });
          const teams = plans.map(({ jobs }, at) =>
            jobs.map((priority) => sim.addJob({ chunks: 20_000, priority, ...person(at) })),
          );
          const planted = sim.grants.length;
          sim.pass(HOUR / 6);
          // Whoever comes in is taken to have had a turn less than the others, and each slot may stay a turn longer.
          const times = [...sim.farm.shares.values()].map((share) => share.usedSlotMs);
          const apart = Math.max(...times) - Math.min(...times);
          assert.ok(apart <= (slots + 1) * TURN_MS, `${slots} slots left ${times}`);
          assert.ok(teams.every((jobs) => grantsOf(sim, jobs) > 0));
          // Within a team the urgent go first.
          for (const [at, { jobs }] of plans.entries()) {
            const highest = Math.max(...jobs);
            const late = (teams[at] ?? []).filter((_, of) => (jobs[of] ?? 0) < highest);
            assert.ok(sim.grants.slice(planted).every(({ job }) => !late.includes(job)));
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  test('that come late get their part, and not all that others had before them', () => {
    const sim = new SimulatedFarm(() => 0.3);
    for (let at = 0; at < 2; at += 1) sim.addMachine({ speed: 30, capabilities: BOXED });
    const early = sim.addJob({ chunks: 50_000, ...person(1) });
    sim.pass(HOUR / 4);
    const late = sim.addJob({ chunks: 50_000, ...person(2) });
    const before = grantsOf(sim, [early]);
    sim.pass(HOUR / 4);
    const [theirs, ours] = [grantsOf(sim, [late]), grantsOf(sim, [early]) - before];
    assert.ok(theirs > 0.75 * ours && ours > 0.75 * theirs, `${theirs} against ${ours}`);
  });
});

describe('for whom a worker works', () => {
  const worksFor = fc.constantFrom<WorksFor>('owner', 'team', 'everyone');
  const scenario = fc.record({
    machines: fc.array(
      fc.record({ of: fc.nat(2), worksFor, boxed: fc.boolean(), slots: fc.integer({ min: 1, max: 3 }) }),
      { minLength: 1, maxLength: 6 },
    ),
    jobs: fc.array(fc.record({ of: fc.nat(2), team: fc.nat(1), chunks: fc.integer({ min: 1, max: 30 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    changes: fc.array(
      fc.record({
        which: fc.nat(5),
        to: fc.oneof(
          fc.record({ worksFor }),
          fc.constant({ disabled: true }),
          fc.constant({ disabled: false }),
          fc.constant({ standing: 'removed' as const }),
        ),
      }),
      { maxLength: 12 },
    ),
  });

  test('is kept to at every grant, and whatever it holds that it may not have any more goes back', () => {
    fc.assert(
      fc.property(scenario, ({ machines, jobs, changes }) => {
        const sim = new SimulatedFarm(() => 0.4);
        // Two teams, of which the third person is in the first one too.
        const lender = (of: number) => ({ ...person(of), team: person(of % 2).team });
        const all = machines.map(({ of, worksFor: given, boxed, slots }) =>
          sim.addMachine({
            slots,
            capabilities: boxed ? BOXED : {},
            lender: { ...lender(of), worksFor: given },
          }),
        );
        for (const { of, team, chunks } of jobs)
          sim.addJob({ chunks, ...lender(of), ...(of === 2 && team === 1 ? { team: person(9).team } : {}) });
        for (const { which, to } of changes) {
          sim.pass(30_000, 1_000);
          const machine = all[which % all.length];
          if (machine === undefined || machine.session === null) continue;
          sim.change(machine, to);
          const held = [...sim.farm.leases.values()].filter((lease) => lease.worker.id === machine.id);
          if ('standing' in to) assert.equal(held.length, 0);
          for (const lease of held)
            assert.ok(sim.maySee(machine, lease.stage.job), 'it kept what it may not have');
        }
        sim.pass(HOUR, 5_000);
      }),
      { numRuns: 100 },
    );
  });

  test('a worker that is held back finishes what it has begun, and gives back the rest', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const machine = sim.addMachine({ speed: 0.01 });
    sim.addJob({ chunks: 3 });
    sim.pass(1_000);
    assert.deepEqual([machine.running.size, machine.queue.length], [1, 1]);
    sim.change(machine, { disabled: true });
    sim.pass(1_000);
    assert.deepEqual([machine.running.size, machine.queue.length], [1, 0]);
    sim.pass(4 * HOUR, 5_000);
    assert.deepEqual([machine.running.size, sim.grants.length], [0, 2]);
    sim.change(machine, { disabled: false });
    sim.pass(1_000);
    assert.equal(machine.running.size, 1);
  });
});
