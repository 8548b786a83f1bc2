import type { Insertable, Selectable } from 'kysely';
import type { TeamRole } from '../../access/principal.ts';
import type { KeyId, PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { PersonRow } from './people.ts';
import type { KeysTable } from './schema/people.ts';
import { unlessThere } from './unless-there.ts';

export type KeyRow = Selectable<KeysTable>;

/** A key with the person it is of and what they are in its team; undefined where the hash is none's. */
export const findKey = (
  db: Db,
  hash: string,
): Promise<
  | (Pick<KeyRow, 'id' | 'person_id' | 'team_id' | 'scopes' | 'expires_at' | 'last_used_at' | 'revoked_at'> &
      Pick<PersonRow, 'role' | 'banned_at'> & { teamRole: TeamRole })
  | undefined
> => keysWithPeople(db).where('keys.hash', '=', hash).executeTakeFirst();

/** The key that a session on the site was opened with. */
export const findKeyOfSession = (db: Db, tokenHash: string, now: number) =>
  keysWithPeople(db)
    .where('keys.id', '=', (eb) =>
      eb
        .selectFrom('sessions')
        .select('key_id')
        .where('token_hash', '=', tokenHash)
        .where('expires_at', '>', now),
    )
    .executeTakeFirst();

const keysWithPeople = (db: Db) =>
  db
    .selectFrom('keys')
    .innerJoin('people', 'people.id', 'keys.person_id')
    .innerJoin('team_members', (join) =>
      join
        .onRef('team_members.person_id', '=', 'keys.person_id')
        .onRef('team_members.team_id', '=', 'keys.team_id'),
    )
    .select([
      'keys.id',
      'keys.person_id',
      'keys.team_id',
      'keys.scopes',
      'keys.expires_at',
      'keys.last_used_at',
      'keys.revoked_at',
      'people.role',
      'people.banned_at',
      'team_members.role as teamRole',
    ]);

/** A new key; nothing where one of its hash is here already, revoked or not. */
export async function insertKey(
  db: Db,
  key: Omit<Insertable<KeysTable>, 'last_used_at' | 'revoked_at'>,
): Promise<void> {
  const insert = db.insertInto('keys').values({ ...key, last_used_at: null, revoked_at: null });
  await unlessThere(db, insert).execute();
}

export async function noteKeyUsed(db: Db, id: KeyId, at: number): Promise<void> {
  await db.updateTable('keys').set({ last_used_at: at }).where('id', '=', id).execute();
}

export type KeyOfPerson = Pick<
  KeyRow,
  'id' | 'name' | 'team_id' | 'scopes' | 'created_at' | 'expires_at' | 'last_used_at'
> & { team: string };

/** The keys of a person that are good, in the teams that they are in, newest first. */
export const keysOf = (db: Db, person: PersonId, now: number, id?: KeyId): Promise<KeyOfPerson[]> =>
  db
    .selectFrom('keys')
    .innerJoin('teams', 'teams.id', 'keys.team_id')
    .innerJoin('team_members', (join) =>
      join
        .onRef('team_members.team_id', '=', 'keys.team_id')
        .onRef('team_members.person_id', '=', 'keys.person_id'),
    )
    .select([
      'keys.id',
      'keys.name',
      'keys.team_id',
      'keys.scopes',
      'keys.created_at',
      'keys.expires_at',
      'keys.last_used_at',
      'teams.name as team',
    ])
    .where('keys.person_id', '=', person)
    .where('keys.revoked_at', 'is', null)
    .where((eb) => eb.or([eb('keys.expires_at', 'is', null), eb('keys.expires_at', '>', now)]))
    .$if(id !== undefined, (query) => query.where('keys.id', '=', id as KeyId))
    .orderBy('keys.created_at', 'desc')
    .orderBy('keys.id')
    .execute();

/** False where the person has no such key, or it was revoked before. With it end the sessions that it opened. */
export async function revokeKey(db: Db, id: KeyId, person: PersonId, at: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('keys')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('person_id', '=', person)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (Number(numUpdatedRows) === 0) return false;
  await db.deleteFrom('sessions').where('key_id', '=', id).execute();
  return true;
}

/** Revokes what opens a team: all of it, or what one person has there. */
export async function revokeKeysOfTeam(db: Db, team: TeamId, at: number, person?: PersonId): Promise<void> {
  await db
    .updateTable('keys')
    .set({ revoked_at: at })
    .where('team_id', '=', team)
    .where('revoked_at', 'is', null)
    .$if(person !== undefined, (query) => query.where('person_id', '=', person as PersonId))
    .execute();
}
