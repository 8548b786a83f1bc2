import type { Farm, Job } from '../farm/farm.ts';

/**
 * Jobs of equal priority share the slots. Where there are slots enough for
 * all, each job gets its even part of them; where not, they take turns: a
 * worker stays with the job it has open until its job has received this
 * much slot time more than the one that waits longest. Opening a job can
 * cost more than fifty short chunks, so turns must not change with each chunk.
 */
export const TURN_MS = 20_000;

/** Slot time a job is taken to have received when it comes in: as much as the one furthest behind, less one turn. */
export function startingShare(farm: Farm, priority: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const job of farm.jobs.values()) {
    if (job.priority === priority && isCompeting(job)) least = Math.min(least, job.usedSlotMs);
  }
  return least === Number.POSITIVE_INFINITY ? 0 : least - TURN_MS - 1;
}

const isCompeting = (job: Job): boolean =>
  job.held > 0 || [...job.stages].some((stage) => stage.chunks.count('queued') > 0);

/** Negative when `a` should be served before `b`: fewer slots now, then less slot time so far, then older. */
export function compareClaims(a: Job, b: Job): number {
  return (
    a.held - b.held || a.usedSlotMs - b.usedSlotMs || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
  );
}

/**
 * True when a worker may stay with `mine`, whose files it has open, although
 * `other` has the better claim. `evenPart` is the number of leases each
 * competing job would hold if all held the same.
 */
export const mayKeepAffinity = (mine: Job, other: Job, evenPart: number): boolean =>
  mine === other || mine.held + 1 <= evenPart || mine.usedSlotMs - other.usedSlotMs <= TURN_MS;
