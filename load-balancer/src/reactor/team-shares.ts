import { cacheScopeOf } from '@parallel-pilot/shared/files/cache-key.ts';
import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Farm, Job, TeamShare } from '../farm/farm.ts';
import { countHeld } from '../farm/held-chunks.ts';
import { createPortion } from '../farm/portion.ts';
import { startingTeamShare } from '../scheduling/fairness.ts';

/** A job of the team comes in. */
export function enterTeam(farm: Farm, team: TeamId): TeamShare {
  const share = farm.shares.get(team) ?? {
    team,
    cacheScope: cacheScopeOf(team),
    jobs: 0,
    ...createPortion(startingTeamShare(farm)),
  };
  share.jobs += 1;
  farm.shares.set(team, share);
  return share;
}

/** A job goes. What the team received is forgotten with its last one. */
export function leaveTeam(farm: Farm, share: TeamShare): void {
  share.jobs -= 1;
  if (share.jobs === 0) farm.shares.delete(share.team);
}

/** A job that was handed over takes along what is held of it. */
export function handOver(farm: Farm, job: Job, to: Pick<Job, 'team' | 'person'>): void {
  if (job.team === to.team && job.person === to.person) return;
  const leases = [...job.stages].flatMap((stage) => [...stage.held.values()].flat());
  for (const lease of leases) countHeld(farm, lease, -1);
  if (job.team !== to.team) {
    leaveTeam(farm, job.share);
    job.share = enterTeam(farm, to.team);
  }
  Object.assign(job, { team: to.team, person: to.person });
  for (const lease of leases) countHeld(farm, lease, 1);
}
