import { projected } from '../prediction/course.ts';
import type { Estimate } from '../prediction/estimate.ts';
import { corrected, type Pace, type Sign, speedOf, unknownPace } from '../prediction/pace.ts';
import { openingOf } from '../prediction/stage-times.ts';
import type { Lease, Stage, Worker } from './farm.ts';

const SHORTEST_LIMIT_MS = 60_000;
const TIMES_SLOWEST = 20;
const ENOUGH = 3;

/**
 * Silence after which a chunk of this stage counts as hung, milliseconds: 20
 * times the slowest chunk so far, and at most `longestMs`, which stands until
 * enough are done. Ever, not lately: the slow ones are those that opened the
 * job's files first, which a worker that joins late must do too.
 */
export function hangLimit({ times }: Stage, longestMs: number): number {
  if (times.count < ENOUGH) return longestMs;
  return Math.round(Math.min(longestMs, Math.max(SHORTEST_LIMIT_MS, TIMES_SLOWEST * times.slowest)));
}

export function addTime({ times, lasting }: Stage, ms: number): void {
  if (lasting) return;
  times.count += 1;
  times.slowest = Math.max(times.slowest, ms);
}

/** A worker may be fast in one and slow in another. */
export const sortOf = ({ job, name }: Stage): string => `${job.kind}/${name}`;

/** Of a sort of work that it has not done yet, what it is in the rest says something. */
export const paceOf = (worker: Worker, stage: Stage): Pace =>
  worker.paces.get(sortOf(stage)) ?? unknownPace(worker.speed);

type Spent = { busyMs: number; openingMs: number };

/**
 * Takes a finished chunk's time into account: for what its stage's chunks are like, for how fast its worker is, and for
 * what opening takes. `openingMs` is that part of `busyMs` by its worker's word, who alone knows what it had open.
 */
export function noteChunkTime(lease: Lease, { busyMs, openingMs }: Spent): void {
  const { stage } = lease;
  // It was ended when nobody needed it any more.
  if (stage.lasting) return;
  addTime(stage, busyMs);
  // A part of the chunk was another lease's.
  if (lease.checkpoint !== null) return;
  const opening = Math.min(openingMs, busyMs);
  const speed = learn(lease, busyMs - opening);
  if (opening === 0) return;
  stage.times.openings.seen += 1;
  stage.times.openings.work += opening * speed;
}

/** The work of a chunk, by the lease that is done with it. */
export const workDone = ({ stage, worker }: Lease, { busyMs, openingMs }: Spent): Estimate => {
  const { log, variance } = paceOf(worker, stage);
  return { ms: Math.max(0, busyMs - openingMs) * Math.exp(log), variance };
};

/** A lease of `ms` milliseconds was for nothing, as another one of its chunk was done first, or is ahead. */
export function noteDoubled(lease: Lease, { ms, work }: { ms: number; work: Estimate }, now: number): void {
  const { stage, worker, course } = lease;
  const pace = paceOf(worker, stage);
  const most = ms * speedOf(pace);
  stage.times.doubled += course === undefined ? Math.min(most, work.ms) : work.ms * course.last.fraction;
  const sign = signOf(lease, { ms, work, most }, now);
  if (sign !== null) worker.paces.set(sortOf(stage), corrected(pace, sign));
}

/** How fast its worker is, by how it came along, or by all the time in which it was not done; null where that says nothing. */
function signOf(
  { stage: { times }, course, opens }: Lease,
  { ms, work, most }: { ms: number; work: Estimate; most: number },
  now: number,
): Sign | null {
  if (!(work.ms > 0)) return null;
  const seen = course === undefined ? null : projected(course, now);
  if (seen !== null)
    return {
      log: Math.log(work.ms / seen.ms),
      variance: work.variance + seen.variance,
      excess: times.work.excess,
    };
  const all = work.ms + (opens ? openingOf(times) : 0);
  return most <= all
    ? null
    : { log: Math.log(all / ms), variance: work.variance + times.work.variance, excess: times.work.excess };
}

/** Gives back how fast the worker is then. */
function learn({ stage, ordinal, worker }: Lease, ms: number): number {
  const before = paceOf(worker, stage);
  if (!(ms > 0)) return speedOf(before);
  const { work } = stage.times;
  const predicted = work.of(ordinal);
  const pace =
    predicted === null
      ? before
      : corrected(before, {
          log: Math.log(predicted / ms),
          variance: work.variance + work.doubt,
          excess: work.excess,
        });
  worker.speed = speedOf(pace);
  worker.paces.set(sortOf(stage), pace);
  work.add(ordinal, ms * worker.speed, pace.variance);
  return worker.speed;
}
