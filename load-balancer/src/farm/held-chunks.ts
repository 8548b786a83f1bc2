import type { Farm, Job } from './farm.ts';

/** Notes that so many more leases of the job are open: of it, its team, and who submitted it. */
export function countHeld({ held }: Farm, job: Job, more: number): void {
  job.held += more;
  job.share.held += more;
  const now = (held.get(job.person) ?? 0) + more;
  if (now === 0) held.delete(job.person);
  else held.set(job.person, now);
}

type Holder = Pick<Job, 'share' | 'team' | 'person'>;

/** True while the team of a job, or who submitted it, holds as many chunks as they may. */
export const isAtLimit = (farm: Farm, job: Holder): boolean => limitReached(farm, job) !== null;

/** The most chunks that a team and a person may hold at once; Infinity without a limit. */
export function mostHeld(
  { chunkLimits: { set, eachTeam } }: Farm,
  { team, person }: Omit<Holder, 'share'>,
): number {
  const own = set.get(team);
  const ofTeam = (own === undefined ? eachTeam : own) ?? Number.POSITIVE_INFINITY;
  return Math.min(ofTeam, set.get(person) ?? Number.POSITIVE_INFINITY);
}

/** Which of the two limits that is, and how many they may hold; null while neither is reached. */
export function limitReached(
  { chunkLimits: { set, eachTeam }, held }: Farm,
  { share, team, person }: Holder,
): { of: 'team' | 'person'; most: number } | null {
  if (eachTeam === null && set.size === 0) return null;
  const own = set.get(team);
  const ofTeam = own === undefined ? eachTeam : own;
  if (ofTeam !== null && share.held >= ofTeam) return { of: 'team', most: ofTeam };
  const ofPerson = set.get(person) ?? null;
  return ofPerson !== null && (held.get(person) ?? 0) >= ofPerson ? { of: 'person', most: ofPerson } : null;
}
