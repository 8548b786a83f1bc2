import type { Farm, Job, Lease } from './farm.ts';
import { countPortions } from './portion.ts';

/** Notes that the lease is open, or is not any more: with its job, its team, and who submitted it. */
export function countHeld(farm: Farm, lease: Lease, sign: 1 | -1): void {
  const { held } = farm;
  const { person } = lease.stage.job;
  countPortions(farm, lease, sign);
  const now = (held.get(person) ?? 0) + sign;
  if (now === 0) held.delete(person);
  else held.set(person, now);
}

type Holder = Pick<Job, 'share' | 'team' | 'person'>;

/** True while the team of a job, or who submitted it, holds as many chunks as they may. */
export const isAtLimit = (farm: Farm, job: Holder): boolean => limitReached(farm, job) !== null;

/** How many more chunks the team of a job and who submitted it may hold; Infinity without a limit. */
export const roomToHold = (farm: Farm, job: Holder): number =>
  Math.min(
    mostOfTeam(farm, job) - job.share.held,
    mostOfPerson(farm, job) - (farm.held.get(job.person) ?? 0),
  );

/** The most chunks that a team and a person may hold at once; Infinity without a limit. */
export const mostHeld = (farm: Farm, job: Holder): number =>
  Math.min(mostOfTeam(farm, job), mostOfPerson(farm, job));

function mostOfTeam({ chunkLimits: { set, eachTeam } }: Farm, { team }: Holder): number {
  const own = set.get(team);
  return (own === undefined ? eachTeam : own) ?? Number.POSITIVE_INFINITY;
}

const mostOfPerson = ({ chunkLimits: { set } }: Farm, { person }: Holder): number =>
  set.get(person) ?? Number.POSITIVE_INFINITY;

/** Which of the two limits that is, and how many they may hold; null while neither is reached. */
export function limitReached(farm: Farm, job: Holder): { of: 'team' | 'person'; most: number } | null {
  const [ofTeam, ofPerson] = [mostOfTeam(farm, job), mostOfPerson(farm, job)];
  if (job.share.held >= ofTeam) return { of: 'team', most: ofTeam };
  return (farm.held.get(job.person) ?? 0) >= ofPerson ? { of: 'person', most: ofPerson } : null;
}
