import type { Insertable, Selectable } from 'kysely';
import type { TeamRole } from '../../access/principal.ts';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { PeopleTable, TeamsTable } from './schema/people.ts';
import { unlessThere } from './unless-there.ts';

export type PersonRow = Selectable<PeopleTable>;
export type TeamRow = Selectable<TeamsTable>;

const FIRST_PERSON = 'per_local00000000000000' as PersonId;
const FIRST_TEAM = 'tea_local00000000000000' as TeamId;

/**
 * The farm's first person, made at the first start, and their own team: whoever sits at the machine while the farm
 * listens on loopback, and its first admin later.
 */
export async function ensureFirstPerson(db: Db, now: number): Promise<{ person: PersonId; team: TeamId }> {
  const found = await firstPerson(db);
  if (found !== undefined) return found;
  const person = {
    id: FIRST_PERSON,
    subject: 'local',
    name: 'Owner',
    role: 'admin',
    created_at: now,
  } as const;
  await db.transaction().execute((transaction) => insertPerson(transaction, person, FIRST_TEAM));
  return (await firstPerson(db)) ?? { person: FIRST_PERSON, team: FIRST_TEAM };
}

async function firstPerson(db: Db): Promise<{ person: PersonId; team: TeamId } | undefined> {
  const row = await db
    .selectFrom('people')
    .innerJoin('teams', 'teams.personal_of', 'people.id')
    .select(['people.id as person', 'teams.id as team'])
    .orderBy('people.created_at')
    .orderBy('people.id')
    .limit(1)
    .executeTakeFirst();
  return row && { ...row };
}

/** A person with a team of their own; nothing where the person is here already. Call it in a transaction. */
export async function insertPerson(
  db: Db,
  person: Omit<Insertable<PeopleTable>, 'email' | 'banned_at' | 'limits_json'> & { email?: string | null },
  team: TeamId,
): Promise<void> {
  const row = { email: null, banned_at: null, limits_json: null, ...person };
  const insert = db.insertInto('people').values(row);
  const { numInsertedOrUpdatedRows } = await unlessThere(db, insert).executeTakeFirstOrThrow();
  if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return;
  const { id, name, created_at } = person;
  await db
    .insertInto('teams')
    .values({ id: team, subject: null, name, personal_of: id, limits_json: null, created_at })
    .execute();
  await db
    .insertInto('team_members')
    .values({ team_id: team, person_id: id, role: 'owner', joined_at: created_at })
    .execute();
}

export const findPersonBySubject = (db: Db, subject: string): Promise<PersonRow | undefined> =>
  db.selectFrom('people').selectAll().where('subject', '=', subject).executeTakeFirst();

export const findPerson = (db: Db, id: PersonId): Promise<PersonRow | undefined> =>
  db.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();

export async function setPerson(
  db: Db,
  id: PersonId,
  what: Partial<Pick<PersonRow, 'subject' | 'name' | 'email' | 'role' | 'banned_at'>>,
): Promise<void> {
  await db.updateTable('people').set(what).where('id', '=', id).execute();
}

/** With the name of their own team, where that is theirs. Call it in a transaction. */
export async function renamePerson(db: Db, id: PersonId, name: string): Promise<void> {
  const before = await findPerson(db, id);
  if (before === undefined) return;
  await setPerson(db, id, { name });
  await db
    .updateTable('teams')
    .set({ name })
    .where('personal_of', '=', id)
    .where('name', '=', before.name)
    .execute();
}

/** Whether somebody who signs in looks after the farm: until then its first admin is made by a link. */
export async function hasAdmin(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('people')
    .select('id')
    .where('role', '=', 'admin')
    .where('subject', '!=', 'local')
    .where('banned_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** `subject` is of a team that is kept elsewhere too. */
export type Membership = {
  id: TeamId;
  name: string;
  role: TeamRole;
  personal: boolean;
  subject: string | null;
};

/** The teams of a person, their own first, then by name. */
export async function teamsOf(db: Db, person: PersonId): Promise<Membership[]> {
  const rows = await db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select(['teams.id', 'teams.name', 'team_members.role', 'teams.personal_of', 'teams.subject'])
    .where('team_members.person_id', '=', person)
    .orderBy('teams.name')
    .orderBy('teams.id')
    .execute();
  const all = rows.map(({ id, name, role, personal_of, subject }) => ({
    id,
    name,
    role,
    personal: personal_of === person,
    subject,
  }));
  return all.toSorted((a, b) => Number(b.personal) - Number(a.personal));
}
