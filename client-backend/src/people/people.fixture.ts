import { randomBytes } from 'node:crypto';
import { SCOPES, type TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import { newId, type PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { insertPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';

export type Somebody = { person: PersonId; team: TeamId; key: string; headers: Record<string, string> };

const random = (count: number): Uint8Array => randomBytes(count);

/** A person with a team of their own, and a key that may everything in it. */
export async function addSomebody(
  db: Db,
  name: string,
  role: 'admin' | 'person' = 'person',
): Promise<Somebody> {
  const person = newId('per', random);
  const team = newId('tea', random);
  const row = {
    id: person,
    subject: `auth:${person}`,
    name,
    role,
    created_at: 1,
    email: `${name.toLowerCase()}@farm.example`,
  };
  await db.transaction().execute((transaction) => insertPerson(transaction, row, team));
  return { person, team, ...(await addKey(db, person, team)) };
}

export async function addKey(
  db: Db,
  person: PersonId,
  team: TeamId,
): Promise<{ key: string; headers: Record<string, string> }> {
  const key = randomBytes(32).toString('base64url');
  const row = {
    id: newId('key', random),
    hash: sha256(key),
    person_id: person,
    team_id: team,
    name: 'A key',
  };
  await insertKey(db, { ...row, scopes: SCOPES.join(','), created_at: 1, expires_at: null });
  return { key, headers: { authorization: `Bearer ${key}` } };
}

/** A team that is nobody's own, with these in it. */
export async function addTeam(
  db: Db,
  name: string,
  members: Partial<Record<string, TeamRole>>,
): Promise<TeamId> {
  const id = newId('tea', random);
  await db
    .insertInto('teams')
    .values({ id, subject: null, name, personal_of: null, limits_json: null, created_at: 1 })
    .execute();
  let joined_at = 0;
  for (const [person, role] of Object.entries(members)) {
    joined_at += 1;
    await db
      .insertInto('team_members')
      .values({ team_id: id, person_id: person as PersonId, role: role ?? 'member', joined_at })
      .execute();
  }
  return id;
}
