import { LIMITS, type LimitName, type Usage, type Uses } from '@parallel-pilot/shared/api/limits.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { bytesOfNamedBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { callsOnDay, dayOf } from '@parallel-pilot/shared/server/db/calls-by-day.ts';
import { bytesOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { findTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import {
  busyInMonth,
  bytesOfPerson,
  type Holder,
  heldChunks,
  liveJobIds,
  monthOf,
  waitingJobs,
} from '@parallel-pilot/shared/server/db/usage.ts';
import { daysKept, teamLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import type { Parts } from '../parts.ts';
import { bytesOfChunks } from './chunk-bytes.ts';
import { type Limited, limitedBy } from './limits.ts';

type UsageParts = Pick<Parts, 'db' | 'clock' | 'config'>;
const HOUR_MS = 3_600_000;

/** How much of a limit is used up; of `uploadBytes`, which is for each file, nothing ever is. */
export async function usedOf({ db, clock }: UsageParts, holder: Holder, name: LimitName): Promise<number> {
  switch (name) {
    case 'waitingJobs':
      return waitingJobs(db, holder);
    case 'chunksAtOnce':
      return heldChunks(db, holder);
    case 'storedBytes':
      return storedBytes(db, holder);
    case 'uploadBytes':
      return 0;
    case 'workerHours':
      return (await busyInMonth(db, holder, monthOf(clock()))) / HOUR_MS;
    case 'callsPerDay': {
      const id = 'team' in holder ? holder.team : holder.person;
      return (await callsOnDay(db, [id], dayOf(clock()))).get(id) ?? 0;
    }
    default:
      return name satisfies never;
  }
}

/** What jobs that are over came to, what was uploaded for others, and what those under way have delivered so far. */
async function storedBytes(db: Parts['db'], holder: Holder): Promise<number> {
  const live = await liveJobIds(db, holder);
  let bytes = 'team' in holder ? await bytesOfTeam(db, holder.team) : await bytesOfPerson(db, holder.person);
  for (const job of live) {
    bytes += await bytesOfChunks(db, job);
    // Of a team's they are counted with all that it handed in.
    if ('person' in holder) bytes += await bytesOfNamedBlobs(db, job);
  }
  return bytes;
}

async function usesOf(parts: UsageParts, { holder, most }: Limited): Promise<Uses> {
  const uses = await Promise.all(
    LIMITS.map(async (name) => {
      const used = await usedOf(parts, holder, name);
      const limit = most(name);
      return [name, { used, most: limit, left: limit === null ? null : Math.max(0, limit - used) }] as const;
    }),
  );
  return Object.fromEntries(uses) as Uses;
}

/** What a team and one of those in it have used, and what is left to them. */
export async function usageOf(
  parts: UsageParts,
  by: { team: TeamId; person: PersonId },
): Promise<Usage | null> {
  const row = await findTeam(parts.db, by.team);
  const [team, person] = await limitedBy(parts.db, by, parts.config.teamLimits);
  if (row === undefined || team === undefined || person === undefined) return null;
  return {
    month: monthOf(parts.clock()),
    team: await usesOf(parts, team),
    person: await usesOf(parts, person),
    retentionDays: daysKept(teamLimitsOf(row), parts.config.teamLimits),
  };
}

/** What a team has used, for who looks after the farm. */
export const usesOfTeam = (parts: UsageParts, team: TeamId, most: Limited['most']): Promise<Uses> =>
  usesOf(parts, { holder: { team }, name: '', most });
