import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import type { Asked, Offer } from '@parallel-pilot/shared/model/resources.ts';
import fc from 'fast-check';
import { mulberry32 } from '../../tests/support/seeded-random.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { sortOf } from '../farm/chunk-times.ts';
import { type Farm, isFree, type Stage, type Worker } from '../farm/farm.ts';
import { hasIdleSlot, occupancyOf } from '../farm/resources.ts';
import { createBoard } from './choose-stage.ts';
import { mayTake } from './eligibility.ts';

const TICK_MS = 500;
const capabilities = { sandbox: 'bubblewrap' };
const OFFER: Offer = { threads: 4, memoryBytes: 1e9, diskBytes: 0, gpus: [], counts: {} };

/** From a thousandth to a thousand times, evenly by their logarithms. */
const times = fc.double({ min: Math.log(1e-3), max: Math.log(1e3), noNaN: true }).map(Math.exp);
const variance = fc.double({ min: 0, max: 100, noNaN: true });
const machine = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  offer: fc.constantFrom(OFFER, { ...OFFER, memoryBytes: 5e8 }),
  believed: times,
  variance,
  /** What it begins it never ends. */
  hangs: fc.boolean(),
});
const job = fc.record({
  chunks: fc.integer({ min: 1, max: 6 }),
  team: fc.constantFrom('tea_000000000001' as TeamId, 'tea_000000000002' as TeamId),
  priority: fc.integer({ min: 0, max: 1 }),
  asked: fc.constantFrom<Asked>({}, {}, { memoryBytes: 6e8 }),
  seen: fc.array(fc.record({ ordinal: fc.nat(5), work: times, doubt: variance }), { maxLength: 4 }),
  opening: fc.record({ seen: fc.nat(2), work: times.map((work) => 1_000 * work) }),
  /** Machines by number: one that chunk 0 failed on, one on trial, and one that has it open. */
  avoidedBy: fc.nat(9),
  triedBy: fc.nat(9),
  openOn: fc.nat(9),
  /** Of chunk 0. */
  needs: fc.constantFrom(0, 0, 4e8, 8e8),
});
const scenario = fc.record({
  seed: fc.integer(),
  machines: fc.array(machine, { minLength: 1, maxLength: 4 }),
  jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
  most: fc.constantFrom(null, null, 1, 3),
});

test('what an idle worker could begin waits no longer than that worker would need for it, whatever is believed of times', () => {
  fc.assert(
    fc.property(scenario, (plan) => {
      const sim = planted(plan);
      const left = new Map<string, { since: number; most: number }>();
      for (let steps = 0; steps < 60; steps += 1) {
        const now = waits(sim.farm, sim.now);
        if (now.size === 0) break;
        for (const key of [...left.keys()]) if (!now.has(key)) left.delete(key);
        for (const [key, most] of now) {
          const known = left.get(key);
          const [since, longest] = [known?.since ?? sim.now, Math.max(known?.most ?? 0, most)];
          left.set(key, { since, most: longest });
          assert.ok(sim.now - since <= longest, `${key} since ${sim.now - since} ms`);
        }
        const step = Math.max(TICK_MS, Math.min(...now.values()) / 4);
        sim.pass(step, step);
      }
    }),
    { numRuns: 300 },
  );
});

type Plan = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function planted({ seed, machines, jobs, most }: Plan): SimulatedFarm {
  const sim = new SimulatedFarm(mulberry32(seed));
  const ids = machines.map(
    ({ slots, offer, hangs }) => sim.addMachine({ slots, offer, speed: hangs ? 1e-9 : 1, capabilities }).id,
  );
  const at = (which: number) => ids[which] && sim.farm.workers.get(ids[which]);
  sim.farm.chunkLimits = { set: new Map(), eachTeam: most };
  const made = jobs.map(({ chunks, priority, asked, team }) => {
    const id = sim.addJob({ chunks, priority, asked, team, status: 'paused' });
    return sim.farm.jobs.get(id) ?? assert.fail();
  });
  for (const [which, made_] of made.entries()) {
    const plan = jobs[which];
    const [stage] = made_.stages;
    assert.ok(plan && stage);
    for (const { ordinal, work, doubt } of plan.seen)
      stage.times.work.add(ordinal % plan.chunks, work, doubt);
    stage.times.openings = plan.opening;
    const [avoiding, tried, opened] = [at(plan.avoidedBy), at(plan.triedBy), at(plan.openOn)];
    if (avoiding) stage.avoid.set(0, avoiding.id);
    if (tried) made_.failures.set(tried.id, new Set([0, 1].map((of) => chunkId(stage.id, of))));
    if (opened) opened.open = [stage.affinity];
    if (plan.needs > 0) stage.memory.needs.set(0, plan.needs);
    for (const [number, { believed, variance: doubt }] of machines.entries())
      at(number)?.paces.set(sortOf(stage), { log: Math.log(believed), variance: doubt, below: 0, above: 0 });
  }
  for (const { id } of made) sim.setJob(id, { status: 'queued' });
  return sim;
}

/** Idle workers and stages of which they could begin a chunk, and how long that would take them, with the ticks on the way. */
function waits(farm: Farm, now: number): Map<string, number> {
  const { finishTimes } = createBoard(farm, now);
  const found = new Map<string, number>();
  const idle = [...farm.workers.values()].filter((worker) => isFree(worker, now) && hasIdleSlot(worker, now));
  const key = (worker: Worker, stage: Stage) =>
    `${worker.id} leaves ${stage.id}, of which ${stage.chunks.count('queued')} wait,`;
  for (const worker of idle) {
    for (const stage of farm.stages.values()) {
      if (!isGrantable(stage.job.status) || !mayTake(farm, stage, worker, false)) continue;
      // Room is kept there for a chunk of the other team.
      if (occupancyOf(worker).ahead.some((lease) => lease.stage.job.share !== stage.job.share)) continue;
      const ends = Array.from({ length: stage.chunks.sections }, (_, section) => section)
        .filter((section) => stage.chunks.waitingIn(section) > 0)
        .map((section) => finishTimes.finish(stage, worker, section));
      found.set(key(worker, stage), 2 * TICK_MS + 1.5 * Math.min(...ends));
    }
  }
  return found;
}

test('a chunk that failed on a worker, and needs more than it has, keeps no other chunk from it', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const small = sim.addMachine({ offer: { ...OFFER, memoryBytes: 5e8 } });
  const busy = sim.addMachine({ offer: OFFER, speed: 1e-9 });
  sim.addJob({ chunks: 2, asked: { memoryBytes: 6e8 } });
  sim.pass(TICK_MS);
  assert.equal(busy.running.size, 1);
  const job = sim.addJob({ chunks: 2, status: 'paused' });
  const [stage] = sim.farm.jobs.get(job)?.stages ?? [];
  assert.ok(stage);
  stage.avoid.set(0, small.id);
  stage.memory.needs.set(0, 8e8);
  sim.setJob(job, { status: 'queued' });
  sim.pass(TICK_MS);
  assert.deepEqual(
    sim.grants.filter((grant) => grant.worker === small.id).map((grant) => grant.job),
    [job],
  );
});
