import type { Farm, Job } from './farm.ts';

/** Notes that so many more leases of the job are open: of it, its team, and who submitted it. */
export function countHeld({ held }: Farm, job: Job, more: number): void {
  job.held += more;
  job.share.held += more;
  const now = (held.get(job.person) ?? 0) + more;
  if (now === 0) held.delete(job.person);
  else held.set(job.person, now);
}

/** True while the team of a job, or who submitted it, holds as many chunks as they may. */
export function isAtLimit(
  { chunkLimits, held }: Farm,
  { share, team, person }: Pick<Job, 'share' | 'team' | 'person'>,
): boolean {
  if (chunkLimits.eachTeam === null && chunkLimits.set.size === 0) return false;
  const ofTeam = chunkLimits.set.get(team);
  return (
    isReached(share.held, ofTeam === undefined ? chunkLimits.eachTeam : ofTeam) ||
    isReached(held.get(person) ?? 0, chunkLimits.set.get(person) ?? null)
  );
}

const isReached = (held: number, most: number | null): boolean => most !== null && held >= most;
