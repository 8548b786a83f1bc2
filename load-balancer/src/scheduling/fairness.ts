import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Farm, Job, Portion, TeamShare } from '../farm/farm.ts';

/**
 * Teams are kept level, however many jobs they have and however urgent they
 * call them; within a team jobs of equal priority are. Level is the dominant
 * share: the part of the farm that one has of the resource of which it has
 * most (DRF, Ghodsi et al., NSDI 2011), counted in slots. Where there is
 * enough for all, each gets its even part; where not, they take
 * turns: a worker stays with the job it has open until its team, or its job,
 * has received a turn's slot time more than the one that waits longest. This
 * is a turn where nothing is known of what opening costs, see `turnMs`.
 * Why: docs/decisions/0008-fair-between-teams.md and
 * 0017-dominant-resource.md
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

/** Negative when `a` should be served before `b`: a smaller share now, then over time so far, then older. */
export function compareClaims(a: Job, b: Job, of: Of): number {
  return (
    compareShares(a, b, of) ||
    a.usedSlotMs - b.usedSlotMs ||
    a.createdAt - b.createdAt ||
    (a.id < b.id ? -1 : 1)
  );
}

/** The same of two teams. */
export const compareTeams = (a: TeamShare, b: TeamShare, of: Of): number =>
  compareShares(a, b, of) || a.usedSlotMs - b.usedSlotMs || (a.team < b.team ? -1 : 1);

/** For what begins at once, what has begun counts; for what is given ahead, all that was given. */
export type Of = keyof Portion['dominant'];

/** To whole slots: of two that have nearly the same, time is to decide. */
const compareShares = (a: Portion, b: Portion, of: Of): number =>
  Math.round(a.dominant[of]) - Math.round(b.dominant[of]);

/**
 * True when a worker may stay with a job of `mine`, whose files it has open,
 * although `other` has the better claim; both jobs of one team, or both teams.
 * `evenPart` is the share of each, in slots, if all that compete had the same.
 * What they hold counts as received: `chunkMs` is how long their chunks take,
 * `turnMs` how much more the first may have for the sake of what opening costs.
 */
export const mayKeepAffinity = (
  mine: Portion,
  other: Portion,
  evenPart: number,
  { turnMs, chunkMs }: { turnMs: number; chunkMs: { mine: number; other: number } },
): boolean =>
  mine === other ||
  mine.dominant.all + 1 <= evenPart ||
  receivedBy(mine, chunkMs.mine) - receivedBy(other, chunkMs.other) <= turnMs;

const receivedBy = ({ usedSlotMs, dominant }: Portion, chunkMs: number): number =>
  usedSlotMs + dominant.all * chunkMs;
