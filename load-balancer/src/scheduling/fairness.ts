import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Farm, Job, TeamShare } from '../farm/farm.ts';

/**
 * Teams share the slots evenly, however many jobs they have and however urgent
 * they call them; within a team jobs of equal priority do. Where there are
 * slots enough for all, each gets its even part of them; where not, they take
 * turns: a worker stays with the job it has open until its team, or its job,
 * has received this much slot time more than the one that waits longest.
 * Opening a job can cost more than fifty short chunks, so turns must not
 * change with each chunk. Why: docs/decisions/0008-fair-between-teams.md
 */
export const TURN_MS = 20_000;

/** Slot time a job is taken to have received when it comes in: as much as the one of its team furthest behind, less one turn. */
export function startingShare(farm: Farm, team: TeamId, priority: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const job of farm.jobs.values()) {
    if (job.team === team && job.priority === priority && isCompeting(job))
      least = Math.min(least, job.usedSlotMs);
  }
  return lessOneTurn(least);
}

/** The same of a team that has had no work. */
export function startingTeamShare(farm: Farm): number {
  let least = Number.POSITIVE_INFINITY;
  for (const share of farm.shares.values()) {
    if (share.usedSlotMs < least && hasWork(farm, share)) least = share.usedSlotMs;
  }
  return lessOneTurn(least);
}

const lessOneTurn = (least: number): number => (least === Number.POSITIVE_INFINITY ? 0 : least - TURN_MS - 1);

/** Whether a chunk of the team waits or is held. */
export function hasWork(farm: Farm, share: TeamShare): boolean {
  if (share.held > 0) return true;
  for (const job of farm.jobs.values()) if (job.share === share && isCompeting(job)) return true;
  return false;
}

const isCompeting = (job: Job): boolean =>
  job.held > 0 || [...job.stages].some((stage) => stage.chunks.count('queued') > 0);

/** Negative when `a` should be served before `b`: fewer slots now, then less slot time so far, then older. */
export function compareClaims(a: Job, b: Job): number {
  return (
    a.held - b.held || a.usedSlotMs - b.usedSlotMs || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
  );
}

/** The same of two teams. */
export const compareTeams = (a: TeamShare, b: TeamShare): number =>
  a.held - b.held || a.usedSlotMs - b.usedSlotMs || (a.team < b.team ? -1 : 1);

type Claim = Pick<Job | TeamShare, 'held' | 'usedSlotMs'>;

/**
 * True when a worker may stay with a job of `mine`, whose files it has open,
 * although `other` has the better claim; both jobs of one team, or both teams.
 * `evenPart` is the number of leases each would hold if all that compete held
 * the same.
 */
export const mayKeepAffinity = (mine: Claim, other: Claim, evenPart: number): boolean =>
  mine === other || mine.held + 1 <= evenPart || mine.usedSlotMs - other.usedSlotMs <= TURN_MS;
