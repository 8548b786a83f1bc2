import type { PatchPerson } from '@parallel-pilot/shared/api/limits.ts';
import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import { changePerson, isOtherAdminLeft } from '@parallel-pilot/shared/server/db/administration.ts';
import { findPerson, type PersonRow } from '@parallel-pilot/shared/server/db/people.ts';
import { ownLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import { isLocalOnly } from '../auth/access.ts';
import { laidOver } from '../limits/limits.ts';
import type { Parts } from '../parts.ts';
import { PERSON_UNKNOWN, type Refusal, refuse } from './refusal.ts';

/** Changes what somebody is on the farm. The last admin who can come in stays one, also where two go at once. */
export async function patchPerson(
  parts: Pick<Parts, 'db' | 'clock' | 'config' | 'live'>,
  id: PersonId,
  { role, banned, limits }: PatchPerson,
): Promise<{ ok: true; person: PersonRow } | Refusal> {
  const now = parts.clock();
  const outcome = await parts.db.transaction().execute(async (db) => {
    const loses = role === 'person' || banned === true;
    const others = loses && (await isOtherAdminLeft(db, id, { now, local: isLocalOnly(parts.config) }));
    const person = await findPerson(db, id);
    if (person === undefined || person.deleted_at !== null) return PERSON_UNKNOWN;
    if (loses && isAdmin(person) && !others) return LAST_ADMIN;
    await changePerson(db, id, {
      ...(role === undefined ? {} : { role }),
      ...(banned === undefined ? {} : { banned_at: banned ? (person.banned_at ?? now) : null }),
      ...(limits === undefined ? {} : { limits_json: laidOver(ownLimitsOf(person), limits) }),
    });
    return (await findPerson(db, id)) ?? PERSON_UNKNOWN;
  });
  if ('ok' in outcome) return outcome;
  if (role !== undefined || banned !== undefined) parts.live.recheck();
  return { ok: true, person: outcome };
}

/** Bans somebody who is about to be deleted, and takes their role. */
export const shutOut = (
  parts: Pick<Parts, 'db' | 'clock' | 'config' | 'live'>,
  id: PersonId,
): ReturnType<typeof patchPerson> => patchPerson(parts, id, { role: 'person', banned: true });

const isAdmin = ({ role, banned_at }: PersonRow): boolean => role === 'admin' && banned_at === null;

const LAST_ADMIN = refuse(
  409,
  'last-admin',
  'This is the last admin of the farm who can sign in. Make somebody else an admin first.',
);
