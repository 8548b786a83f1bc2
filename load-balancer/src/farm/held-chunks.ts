import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Farm, Job } from './farm.ts';

/** Notes that so many more leases of the job are open. */
export function countHeld(farm: Farm, job: Job, more: number): void {
  job.held += more;
  job.share.held += more;
  for (const holder of [job.team, job.person]) add(farm.held, holder, more);
}

/** A job that was handed over takes along what is held of it. */
export function moveHeld(farm: Farm, job: Job, to: Pick<Job, 'team' | 'person'>): void {
  if (job.team === to.team && job.person === to.person) return;
  const { held } = job;
  countHeld(farm, job, -held);
  Object.assign(job, { team: to.team, person: to.person });
  countHeld(farm, job, held);
}

function add(held: Map<TeamId | PersonId, number>, holder: TeamId | PersonId, more: number): void {
  const now = (held.get(holder) ?? 0) + more;
  if (now === 0) held.delete(holder);
  else held.set(holder, now);
}

/** True while the team of a job, or who submitted it, holds as many chunks as they may. */
export function isAtLimit(
  { chunkLimits, held }: Farm,
  { team, person }: Pick<Job, 'team' | 'person'>,
): boolean {
  if (chunkLimits.eachTeam === null && chunkLimits.set.size === 0) return false;
  const ofTeam = chunkLimits.set.get(team);
  return (
    isReached(held, team, ofTeam === undefined ? chunkLimits.eachTeam : ofTeam) ||
    isReached(held, person, chunkLimits.set.get(person) ?? null)
  );
}

const isReached = (held: Farm['held'], holder: TeamId | PersonId, most: number | null): boolean =>
  most !== null && (held.get(holder) ?? 0) >= most;
