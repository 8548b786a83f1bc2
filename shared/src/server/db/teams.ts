import { type Insertable, sql } from 'kysely';
import type { TeamRole } from '../../access/principal.ts';
import type { PersonId, TeamId } from '../../model/ids.ts';
import { isOver } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { deleteFunctionsOf, passFunctions } from './functions.ts';
import { isMysql } from './is-mysql.ts';
import { revokeKeysOfTeam } from './keys.ts';
import type { TeamRow } from './people.ts';
import type { TeamMembersTable } from './schema/people.ts';
import { deleteTemplatesOf } from './templates.ts';
import { unlessThere } from './unless-there.ts';

/** A new team with its owner. Call it in a transaction. */
export async function insertTeam(
  db: Db,
  team: Pick<TeamRow, 'id' | 'name' | 'created_at'>,
  owner: PersonId,
): Promise<void> {
  await db
    .insertInto('teams')
    .values({ subject: null, personal_of: null, limits_json: null, ...team })
    .execute();
  await joinTeam(db, { team_id: team.id, person_id: owner, role: 'owner', joined_at: team.created_at });
}

/** The team that is kept elsewhere under that subject, made with this row where it is not known yet. */
export async function teamOfSubject(
  db: Db,
  team: { id: TeamId; subject: string; name: string; created_at: number },
): Promise<TeamId> {
  const insert = db.insertInto('teams').values({ ...team, personal_of: null, limits_json: null });
  await unlessThere(db, insert).execute();
  const { id } = await db
    .selectFrom('teams')
    .select('id')
    .where('subject', '=', team.subject)
    .executeTakeFirstOrThrow();
  return id;
}

/** Makes somebody a member in that role, or changes theirs. */
export async function joinTeam(db: Db, member: Insertable<TeamMembersTable>): Promise<void> {
  const mysql = isMysql(db);
  const insert = db.insertInto('team_members').values(member);
  await (mysql
    ? insert.onDuplicateKeyUpdate({ role: sql`values(role)` })
    : insert.onConflict((conflict) =>
        conflict.columns(['team_id', 'person_id']).doUpdateSet((eb) => ({ role: eb.ref('excluded.role') })),
      )
  ).execute();
}

export const findTeam = (db: Db, id: TeamId): Promise<TeamRow | undefined> =>
  db.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst();

/**
 * The team, for a transaction that looks at its members and then changes them: others that do the same wait. SQLite
 * has one writer at a time as it is.
 */
export function lockTeam(db: Db, id: TeamId): Promise<TeamRow | undefined> {
  const query = db.selectFrom('teams').selectAll().where('id', '=', id);
  const mysql = isMysql(db);
  return (mysql ? query.forUpdate() : query).executeTakeFirst();
}

export const membersOf = (
  db: Db,
  team: TeamId,
): Promise<{ id: PersonId; name: string; email: string | null; role: TeamRole; joined_at: number }[]> =>
  db
    .selectFrom('team_members')
    .innerJoin('people', 'people.id', 'team_members.person_id')
    .select(['people.id', 'people.name', 'people.email', 'team_members.role', 'team_members.joined_at'])
    .where('team_id', '=', team)
    .orderBy('people.name')
    .orderBy('people.id')
    .execute();

/** As they are now and not as they were when the transaction began, behind `lockTeam`. */
export async function rolesIn(db: Db, team: TeamId): Promise<Map<PersonId, TeamRole>> {
  const query = db.selectFrom('team_members').select(['person_id', 'role']).where('team_id', '=', team);
  const mysql = isMysql(db);
  const rows = await (mysql ? query.forUpdate() : query).execute();
  return new Map(rows.map(({ person_id, role }) => [person_id, role]));
}

/** How many are in each of these teams. */
export async function countMembers(db: Db, teams: TeamId[]): Promise<Map<TeamId, number>> {
  if (teams.length === 0) return new Map();
  const rows = await db
    .selectFrom('team_members')
    .select((eb) => ['team_id', eb.fn.countAll().as('members')] as const)
    .where('team_id', 'in', teams)
    .groupBy('team_id')
    .execute();
  return new Map(rows.map(({ team_id, members }) => [team_id, Number(members)]));
}

export async function setRole(db: Db, team: TeamId, person: PersonId, role: TeamRole): Promise<void> {
  await db
    .updateTable('team_members')
    .set({ role })
    .where('team_id', '=', team)
    .where('person_id', '=', person)
    .execute();
}

/**
 * Takes somebody out of a team: what opens it for them is revoked, and the machines that they lent are theirs alone
 * again. Their jobs stay, and their functions are the owner's. Call it in a transaction.
 */
export async function removeMember(db: Db, team: TeamId, person: PersonId, at: number): Promise<void> {
  await db.deleteFrom('team_members').where('team_id', '=', team).where('person_id', '=', person).execute();
  await passFunctions(db, person, team);
  await revokeKeysOfTeam(db, team, at, person);
  await takeMachinesHome(db, team, at, person);
}

export async function renameTeam(db: Db, id: TeamId, name: string): Promise<void> {
  await db.updateTable('teams').set({ name }).where('id', '=', id).execute();
}

/** How many jobs of the team are not over, and how many are stored. */
export async function countJobs(db: Db, team: TeamId): Promise<{ live: number; over: number }> {
  const rows = await db
    .selectFrom('jobs')
    .select((eb) => ['state', eb.fn.countAll().as('jobs')] as const)
    .where('team_id', '=', team)
    .groupBy('state')
    .execute();
  const sum = (over: boolean) =>
    rows.filter(({ state }) => isOver(state) === over).reduce((all, { jobs }) => all + Number(jobs), 0);
  return { live: sum(false), over: sum(true) };
}

/** Makes the jobs of a team those of another one, with what they store. Call it in a transaction. */
export async function moveJobs(db: Db, from: TeamId, to: TeamId, person: PersonId): Promise<void> {
  await db
    .insertInto('team_blobs')
    .columns(['team_id', 'hash', 'created_at'])
    .expression((eb) =>
      eb
        .selectFrom('team_blobs as theirs')
        .select((one) => [one.val(to).as('team_id'), 'theirs.hash', 'theirs.created_at'])
        .where('theirs.team_id', '=', from)
        .where('theirs.hash', 'not in', (one) =>
          one.selectFrom('team_blobs as mine').select('mine.hash').where('mine.team_id', '=', to),
        ),
    )
    .execute();
  for (const table of ['jobs', 'pipelines'] as const)
    await db.updateTable(table).set({ team_id: to, person_id: person }).where('team_id', '=', from).execute();
}

/** The team is no more, nor anything that opened it; its jobs have to be gone before. Call it in a transaction. */
export async function deleteTeam(db: Db, team: TeamId, at: number): Promise<void> {
  await takeMachinesHome(db, team, at);
  await deleteFunctionsOf(db, team);
  await revokeKeysOfTeam(db, team, at);
  await deleteTemplatesOf(db, team);
  for (const table of ['links', 'device_codes', 'team_blobs', 'team_members'] as const)
    await db.deleteFrom(table).where('team_id', '=', team).execute();
  await db.deleteFrom('teams').where('id', '=', team).execute();
}

/** Machines lent to a team work in their lender's own team again, and no more machines join for it. */
async function takeMachinesHome(db: Db, team: TeamId, at: number, person?: PersonId): Promise<void> {
  await db
    .updateTable('workers')
    .set((eb) => ({
      works_for: 'owner',
      team_id: eb
        .selectFrom('teams')
        .select('teams.id')
        .whereRef('teams.personal_of', '=', 'workers.person_id')
        .$asScalar()
        .$notNull(),
    }))
    .where('team_id', '=', team)
    .$if(person !== undefined, (query) => query.where('person_id', '=', person as PersonId))
    .execute();
  await db
    .updateTable('join_tokens')
    .set({ revoked_at: at })
    .where('team_id', '=', team)
    .where('revoked_at', 'is', null)
    .$if(person !== undefined, (query) => query.where('person_id', '=', person as PersonId))
    .execute();
}
