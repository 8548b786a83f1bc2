import type { LimitName } from '@parallel-pilot/shared/api/limits.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { lockHolders } from '@parallel-pilot/shared/server/db/usage.ts';
import type { Parts } from '../parts.ts';
import { limitedBy, refusalOf } from './limits.ts';
import { usedOf } from './usage.ts';

type LimitParts = Pick<Parts, 'db' | 'clock' | 'config'>;
type By = { team: TeamId; person: PersonId };
export type LimitReached = { ok: false; code: string; message: string };

/** Why nothing may be submitted before something is deleted, or the month is over; null where it may. */
export const refuseNewJob = (parts: LimitParts, by: By): Promise<LimitReached | null> =>
  firstReached(parts, by, ['workerHours', 'storedBytes']);

/**
 * Why no more jobs may wait; null where so many more may. Call it first thing in the transaction that writes the job: who
 * submits at the same moment waits for its end, and is counted or counts.
 */
export async function refuseWaitingJobs(
  parts: LimitParts,
  db: Db,
  by: By,
  count: number,
): Promise<LimitReached | null> {
  await lockHolders(db, by.team, by.person);
  return firstReached({ ...parts, db }, by, ['waitingJobs'], count);
}

async function firstReached(
  parts: LimitParts,
  by: By,
  names: LimitName[],
  more = 1,
): Promise<LimitReached | null> {
  for (const { holder, name, most } of await limitedBy(parts.db, by, parts.config.teamLimits)) {
    for (const limit of names) {
      const limitOf = most(limit);
      if (limitOf === null) continue;
      const used = await usedOf(parts, holder, limit);
      if (used + more - 1 >= limitOf) return { ok: false, ...refusalOf(limit, name, used, limitOf) };
    }
  }
  return null;
}

/** What an upload asks for; `announced` is what all unfinished ones of a team or person said they have, this one included. */
export type UploadWish = By & { size: number; announced(holder: TeamId | PersonId): number };

/** Why such an upload is not begun; null where it may. */
export async function refuseUpload(parts: LimitParts, wish: UploadWish): Promise<LimitReached | null> {
  for (const { holder, name, most } of await limitedBy(parts.db, wish, parts.config.teamLimits)) {
    const largest = most('uploadBytes');
    if (largest !== null && wish.size > largest)
      return { ok: false, ...refusalOf('uploadBytes', name, wish.size, largest) };
    const stored = most('storedBytes');
    if (stored === null) continue;
    const used = await usedOf(parts, holder, 'storedBytes');
    const coming = wish.announced('team' in holder ? holder.team : holder.person);
    if (used + coming > stored) return { ok: false, ...refusalOf('storedBytes', name, used, stored) };
  }
  return null;
}
