import { corrected, type Pace, speedOf, unknownPace } from '../prediction/pace.ts';
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

export function addTime({ times }: Stage, ms: number): void {
  times.count += 1;
  times.slowest = Math.max(times.slowest, ms);
}

/** A worker may be fast in one and slow in another. */
export const sortOf = ({ job, name }: Stage): string => `${job.kind}/${name}`;

/** Of a sort of work that it has not done yet, what it is in the rest says something. */
export const paceOf = (worker: Worker, stage: Stage): Pace =>
  worker.paces.get(sortOf(stage)) ?? unknownPace(worker.speed);

/**
 * Takes a finished chunk's time into account: for what its stage's chunks are like, for how fast its worker is, and for
 * what opening takes. `openingMs` is that part of `busyMs` by its worker's word, who alone knows what it had open.
 */
export function noteChunkTime(
  lease: Lease,
  { busyMs, openingMs }: { busyMs: number; openingMs: number },
): void {
  const { stage } = lease;
  addTime(stage, busyMs);
  // A part of the chunk was another lease's.
  if (lease.checkpoint !== null) return;
  const opening = Math.min(openingMs, busyMs);
  const speed = learn(lease, busyMs - opening);
  if (opening === 0) return;
  stage.times.openings.seen += 1;
  stage.times.openings.work += opening * speed;
}

/** A lease of so many milliseconds was for nothing, as another one of its chunk was done first. */
export function noteDoubled({ stage, ordinal, worker, course, opens }: Lease, ms: number): void {
  const { work } = stage.times;
  const pace = paceOf(worker, stage);
  const most = ms * speedOf(pace);
  const predicted = work.of(ordinal);
  if (predicted === null) {
    stage.times.doubled += most;
    return;
  }
  stage.times.doubled += Math.min(most, predicted * (course?.last.fraction ?? 1));
  const opening = opens ? openingOf(stage.times) : 0;
  // It was not done in all that time, so it is as fast as that at most.
  if (most <= predicted + opening) return;
  const sign = { log: Math.log((predicted + opening) / ms), variance: work.variance + work.doubt };
  worker.paces.set(sortOf(stage), corrected(pace, sign));
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
      : corrected(before, { log: Math.log(predicted / ms), variance: work.variance + work.doubt });
  worker.speed = speedOf(pace);
  worker.paces.set(sortOf(stage), pace);
  work.add(ordinal, ms * worker.speed, pace.variance);
  return worker.speed;
}
