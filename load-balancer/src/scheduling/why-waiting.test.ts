import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { whyWaiting } from './why-waiting.ts';

const BOXED = { sandbox: 'bubblewrap' };
const OTHERS = { person: 'per_somebody0001' as PersonId, team: 'tea_somebody0001' as TeamId };
const BLENDER_5: Requirement = { key: 'blender.version', op: 'atLeast', value: '5.0' };
const CYCLES: Requirement = { key: 'blender.engines', op: 'includes', value: 'CYCLES' };

const why = (sim: SimulatedFarm, job: JobId): WaitReason | null =>
  whyWaiting(sim.farm, [job], sim.now)[0]?.reason ?? null;

describe('a waiting job tells why', () => {
  test('no worker is connected, or none that its team may know of', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const job = sim.addJob({ chunks: 3 });
    assert.deepEqual(why(sim, job), { code: 'no-worker' });
    sim.addMachine({ capabilities: BOXED, lender: { ...OTHERS, worksFor: 'team' } });
    sim.addMachine({ capabilities: BOXED, lender: { ...OTHERS, worksFor: 'owner' } });
    assert.deepEqual(why(sim, job), { code: 'no-worker' });
    const machine = sim.addMachine({ capabilities: BOXED });
    assert.equal(why(sim, job), null);
    sim.cut(machine);
    sim.pass(60_000);
    assert.deepEqual(why(sim, job), { code: 'no-worker' });
  });

  test('what every worker lacks, or what none has all of', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const requirements = [BLENDER_5, CYCLES];
    const job = sim.addJob({ chunks: 1, requirements });
    sim.addMachine({ capabilities: { ...BOXED, 'blender.version': '4.5', 'blender.engines': ['CYCLES'] } });
    assert.deepEqual(why(sim, job), { code: 'lacking', workers: 1, needs: [BLENDER_5], each: true });
    sim.addMachine({ capabilities: { ...BOXED, 'blender.version': '5.1', 'blender.engines': [] } });
    assert.deepEqual(why(sim, job), { code: 'lacking', workers: 2, needs: [BLENDER_5, CYCLES], each: false });
    // The machine that has it all is another team's, and not for everyone: nothing is said of it.
    const all = { ...BOXED, 'blender.version': '5.1', 'blender.engines': ['CYCLES'] };
    sim.addMachine({ capabilities: all, lender: { ...OTHERS, worksFor: 'team' } });
    assert.equal(why(sim, job)?.code, 'lacking');
    sim.addMachine({ capabilities: all, lender: { ...OTHERS, worksFor: 'everyone' } });
    assert.equal(why(sim, job), null);
  });

  test('those that fit are disabled, drain, work for others only, or failed at it too often', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const [disabled, failing] = [sim.addMachine({ capabilities: BOXED }), sim.addMachine({ failing: 1 })];
    sim.change(disabled, { disabled: true });
    failing.capabilities = BOXED;
    sim.kill(failing);
    sim.connect(failing);
    sim.addMachine({ capabilities: { sandbox: 'none' }, lender: { ...OTHERS, worksFor: 'everyone' } });
    const job = sim.addJob({ chunks: 50 });
    const held = () => why(sim, job);
    for (let at = 0; at < 600 && held()?.code !== 'held-back'; at += 1) sim.pass(500);
    const none = {
      ...{ notAllowed: 1, disabled: 1, draining: 0, excluded: 1, outOfHours: 0, inUse: 0 },
      lentFrom: null,
    };
    assert.deepEqual(held(), { code: 'held-back', fitting: 3, ...none });
  });

  test('those that fit are lent at other hours, as they say or as people set it', () => {
    const sim = new SimulatedFarm(() => 0.5);
    const [says, set] = [sim.addMachine({ capabilities: BOXED }), sim.addMachine({ capabilities: BOXED })];
    const hours = { timeZone: 'UTC', spans: [{ days: ['mon' as const], from: '22:00', to: '06:00' }] };
    const lending = { hours: [hours] };
    sim.change(set, { lending });
    const { session } = says;
    assert.ok(session !== null);
    const soon = { open: false, because: 'hours', from: sim.now + 60_000, timeZone: 'UTC' } as const;
    sim.round([{ type: 'lent', session, lent: soon }]);
    const job = sim.addJob({ chunks: 3 });
    assert.equal(sim.grants.length, 0);
    const none = { notAllowed: 0, disabled: 0, draining: 0, excluded: 0, inUse: 0 };
    const lentFrom = { from: soon.from, timeZone: 'UTC' };
    assert.deepEqual(why(sim, job), { code: 'held-back', fitting: 2, ...none, outOfHours: 2, lentFrom });
    sim.round([
      { type: 'lent', session, lent: { open: false, because: 'in-use', from: null, timeZone: null } },
    ]);
    sim.round([{ type: 'lent', session, lent: { open: true, until: null } }]);
    assert.ok(sim.grants.length > 0);
  });

  test('each part asks for more than any that fits offers', () => {
    const sim = new SimulatedFarm(() => 0.5);
    sim.addMachine({ capabilities: BOXED });
    const job = sim.addJob({ chunks: 1, asked: { threads: 1_000 } });
    const problem =
      'Each part asks for 1000 threads, which no worker that is here offers; the most that one offers is 4 threads.';
    assert.deepEqual(why(sim, job), { code: 'too-large', fitting: 1, problem });
  });

  test('all that fit are busy, and with whose work', () => {
    const sim = new SimulatedFarm(() => 0.5);
    for (let at = 0; at < 2; at += 1) sim.addMachine({ capabilities: BOXED });
    const urgent = sim.addJob({ chunks: 500, priority: 5 });
    const job = sim.addJob({ chunks: 2 });
    const busy = { code: 'busy', fitting: 2, urgent: true, ofTeam: false, ofOthers: false };
    assert.deepEqual(why(sim, job), busy);
    assert.equal(why(sim, urgent), null);
    sim.setJob(urgent, { status: 'paused' });
    assert.deepEqual(why(sim, urgent), { code: 'paused' });
    sim.pass(3_600_000);
    sim.addJob({ chunks: 500, ...OTHERS });
    const late = sim.addJob({ chunks: 2, priority: -1 });
    assert.deepEqual(why(sim, late), { ...busy, urgent: false, ofOthers: true });
  });

  test('its team or person has as many chunks with workers as they may', () => {
    const sim = new SimulatedFarm(() => 0.5);
    sim.addMachine({ capabilities: BOXED, slots: 8 });
    sim.round([{ type: 'limits-read', limits: { set: new Map([[OTHERS.person, 1]]), eachTeam: 2 } }]);
    const [first, second] = [sim.addJob({ chunks: 9 }), sim.addJob({ chunks: 9 })];
    assert.deepEqual(why(sim, second), { code: 'limit', of: 'team', most: 2 });
    // It has work under way, and would have more.
    assert.deepEqual(why(sim, first), { code: 'limit', of: 'team', most: 2 });
    sim.addJob({ chunks: 9, ...OTHERS });
    const job = sim.addJob({ chunks: 9, ...OTHERS });
    assert.deepEqual(why(sim, job), { code: 'limit', of: 'person', most: 1 });
  });

  test('and it never disagrees with the scheduler', () => {
    const capabilities = fc.record({
      sandbox: fc.constantFrom('bubblewrap', 'none'),
      'blender.version': fc.constantFrom('4.5', '5.1'),
      'blender.engines': fc.constantFrom<string[]>(['CYCLES'], []),
    });
    const machine = fc.record({
      capabilities,
      slots: fc.integer({ min: 1, max: 2 }),
      others: fc.boolean(),
      worksFor: fc.constantFrom('owner' as const, 'team' as const, 'everyone' as const),
      disabled: fc.boolean(),
      failing: fc.constantFrom(0, 0.5, 1),
    });
    const plan = fc.record({
      chunks: fc.integer({ min: 1, max: 6 }),
      priority: fc.integer({ min: -1, max: 1 }),
      others: fc.boolean(),
      requirements: fc.subarray([BLENDER_5, CYCLES, ...requirementsOf({ memoryBytes: 1 })]),
    });
    fc.assert(
      fc.property(
        fc.array(machine, { maxLength: 4 }),
        fc.array(plan, { minLength: 1, maxLength: 5 }),
        fc.option(fc.integer({ min: 1, max: 3 })),
        fc.nat({ max: 40 }),
        (machines, plans, eachTeam, steps) => {
          const sim = new SimulatedFarm(() => 0.4);
          sim.round([{ type: 'limits-read', limits: { set: new Map(), eachTeam } }]);
          for (const { others, worksFor, disabled, ...more } of machines) {
            const own = { person: 'per_000000000001' as PersonId, team: 'tea_000000000001' as TeamId };
            const made = sim.addMachine({ ...more, lender: { ...(others ? OTHERS : own), worksFor } });
            sim.change(made, { worksFor, disabled });
          }
          const jobs = plans.map(({ others, ...more }) => sim.addJob({ ...more, ...(others ? OTHERS : {}) }));
          for (let step = 0; step < steps; step += 1) sim.pass(1_500);
          for (const id of jobs) {
            const job = sim.farm.jobs.get(id);
            const waits =
              job !== undefined && [...job.stages].some(({ chunks }) => chunks.count('queued') > 0);
            const reason = why(sim, id);
            // Who has nothing under way and something to do has a reason, and the scheduler did not leave it lying.
            if (job?.held === 0 && waits)
              assert.ok(reason !== null && reason.code !== 'next', `${id}: ${reason?.code}`);
            if (!waits && job?.held === 0) assert.equal(reason, null);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
