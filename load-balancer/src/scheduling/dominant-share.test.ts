import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Asked, Offer } from '@parallel-pilot/shared/model/resources.ts';
import fc from 'fast-check';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

/** Ghodsi et al., Dominant Resource Fairness, NSDI 2011. */

const HOUR = 3_600_000;
const capabilities = { sandbox: 'bubblewrap' };
const offer = (threads: number, memoryBytes: number): Offer => ({
  threads,
  memoryBytes,
  diskBytes: 1e12,
  gpus: [],
  counts: {},
});
const owner = (at: number): { person: PersonId; team: TeamId } => ({
  person: `per_person0000${at}` as PersonId,
  team: `tea_team000000${at}` as TeamId,
});

/** How many chunks of each job run. */
const running = (sim: SimulatedFarm, jobs: JobId[]): number[] =>
  jobs.map((id) => sim.mirror.rowsOf(id).filter((row) => row.status === 'running').length);

/** All of them at once, and it is known that they take no time to open. */
function begin(sim: SimulatedFarm, jobs: JobId[]): void {
  for (const id of jobs) {
    Object.assign(sim.mirror.jobs.get(id) ?? {}, { status: 'queued' });
    openAtOnce(sim, id);
  }
  sim.hint(jobs);
  sim.pass(1_000);
}

function openAtOnce(sim: SimulatedFarm, job: JobId): void {
  for (const { times } of sim.farm.jobs.get(job)?.stages ?? []) times.openings = { seen: 1e9, work: 0 };
}

/** What each of two owners has running of a farm of so many CPUs and GB, who ask for 1 and 4, and for 3 and 1. */
function exampleOf(cpus: number, gb: number, slots: number, first: 0 | 1): number[] {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine({ slots, offer: offer(cpus, gb * 1e9), capabilities, speed: 0.001 });
  const jobs = [
    { asked: { threads: 1, memoryBytes: 4e9 }, ...owner(first) },
    { asked: { threads: 3, memoryBytes: 1e9 }, ...owner(1 - first) },
  ].map((plan) => sim.addJob({ chunks: 100, status: 'paused', ...plan }));
  begin(sim, jobs);
  return running(sim, jobs);
}

describe('the dominant share', () => {
  test('is level in the example of the paper: of 9 CPUs and 18 GB one runs three chunks and the other two', () => {
    for (const first of [0, 1] as const) {
      assert.deepEqual(exampleOf(9, 18, 9, first), [3, 2]);
      assert.deepEqual(exampleOf(9, 18, 60, first), [3, 2]);
      // Of three times as much three times as many: so many chunks for each would be 7 and 6, or 6 and 7.
      assert.deepEqual(exampleOf(27, 54, 60, first), [9, 6]);
    }
  });

  const asked = fc.record({
    threads: fc.integer({ min: 1, max: 8 }),
    memoryBytes: fc.integer({ min: 1, max: 8 }).map((gb) => gb * 1e9),
  });
  const [THREADS, MEMORY] = [160, 160e9];
  const shareOf = ({ threads = 0, memoryBytes = 0 }: Asked, chunks: number): number =>
    chunks * Math.max(threads / THREADS, memoryBytes / MEMORY);

  test('of nobody who wants more is less than an even part, but for what chunks are too large for: sharing pays', () => {
    fc.assert(
      fc.property(fc.array(asked, { minLength: 2, maxLength: 5 }), (wishes) => {
        const sim = new SimulatedFarm(() => 0.5);
        const slots = THREADS;
        sim.addMachine({ slots, offer: offer(THREADS, MEMORY), capabilities, speed: 0.001 });
        const jobs = wishes.map((wish, at) =>
          sim.addJob({ chunks: 400, asked: wish, status: 'paused', ...owner(at) }),
        );
        begin(sim, jobs);
        const counts = running(sim, jobs);
        const largest = Math.max(...wishes.map((wish) => shareOf(wish, 1)));
        for (const [at, wish] of wishes.entries()) {
          const share = shareOf(wish, counts[at] ?? 0);
          const even = 1 / wishes.length;
          // One chunk of its own that does not fit any more, others that are one ahead, and whole slots.
          assert.ok(share >= even - 3 * largest, `${share} of ${even}: ${counts}`);
        }
      }),
      { numRuns: 15 },
    );
  });

  const few = fc.integer({ min: 1, max: 3 });
  const small = fc.record({ threads: few, memoryBytes: few.map((gb) => gb * 1e9) });
  test('is level over time too, everybody comes round, and who was idle has no claim on what others had meanwhile', () => {
    fc.assert(
      fc.property(small, small, fc.integer({ min: 0, max: 1 }), (early, late, first) => {
        const sim = new SimulatedFarm(() => 0.3);
        sim.addMachine({ slots: 12, offer: offer(12, 12e9), capabilities, speed: 6 });
        const one = sim.addJob({ chunks: 5_000, asked: early, ...owner(first) });
        sim.pass(HOUR / 60);
        const two = sim.addJob({ chunks: 5_000, asked: late, ...owner(1 - first) });
        for (const job of [one, two]) openAtOnce(sim, job);
        const [before] = done(sim, [one, two]);
        sim.pass(HOUR / 12);
        const [a = 0, b = 0] = done(sim, [one, two]);
        const share = (wish: Asked, chunks: number) =>
          chunks * Math.max((wish.threads ?? 0) / 12, (wish.memoryBytes ?? 0) / 12e9);
        const [ours, theirs] = [share(early, a - (before ?? 0)), share(late, b)];
        assert.ok(theirs > 0.7 * ours && ours > 0.7 * theirs, `${theirs} against ${ours}`);
      }),
      { numRuns: 8 },
    );
  });
});

const done = (sim: SimulatedFarm, jobs: JobId[]): number[] =>
  jobs.map((id) => sim.mirror.rowsOf(id).filter((row) => row.status === 'done').length);
