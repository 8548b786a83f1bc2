import { sql } from 'kysely';
import { TEAM_ROLES } from '../../access/principal.ts';
import { PersonView } from '../../api/limits.ts';
import type { JobId, PersonId, TeamId } from '../../model/ids.ts';
import { isOver, JOB_STATUSES } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { passFunctions } from './functions.ts';
import { isMysql } from './is-mysql.ts';
import { removeChannelsOf } from './notices.ts';
import type { PersonRow } from './people.ts';
import { movePipelineOf } from './pipelines.ts';
import { deleteTeam, lockTeam } from './teams.ts';

const LIVE = JOB_STATUSES.filter((status) => !isOver(status));

/** People by name, from after that one on; those that are gone are left out. */
export async function listPeople(
  db: Db,
  { search, after, limit }: { search: string | undefined; after: PersonId | undefined; limit: number },
): Promise<PersonView[]> {
  let query = db.selectFrom('people').selectAll().where('deleted_at', 'is', null);
  if (search !== undefined) {
    const part = search.toLowerCase();
    query = query.where(
      sql<boolean>`(instr(lower(name), ${part}) > 0 or instr(coalesce(email, ''), ${part}) > 0)`,
    );
  }
  const last = after === undefined ? undefined : await nameOf(db, after);
  if (after !== undefined && last !== undefined)
    query = query.where(sql<boolean>`(name > ${last} or (name = ${last} and id > ${after}))`);
  const rows = await query.orderBy('name').orderBy('id').limit(limit).execute();
  return viewsOf(db, rows);
}

const nameOf = async (db: Db, id: PersonId): Promise<string | undefined> =>
  (await db.selectFrom('people').select('name').where('id', '=', id).executeTakeFirst())?.name;

export async function viewsOf(db: Db, rows: PersonRow[]): Promise<PersonView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const count = (all: { person_id: PersonId; count: number | string | bigint }[]) =>
    new Map(all.map(({ person_id, count: many }) => [person_id, Number(many)]));
  const teams = count(
    await db
      .selectFrom('team_members')
      .select((eb) => ['person_id', eb.fn.countAll().as('count')])
      .where('person_id', 'in', ids)
      .groupBy('person_id')
      .execute(),
  );
  const jobs = count(
    await db
      .selectFrom('jobs')
      .select((eb) => ['person_id', eb.fn.countAll().as('count')])
      .where('person_id', 'in', ids)
      .where('state', 'in', LIVE)
      .groupBy('person_id')
      .execute(),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    role: row.role,
    bannedAt: row.banned_at,
    createdAt: row.created_at,
    account: accountOf(row.subject),
    teams: teams.get(row.id) ?? 0,
    liveJobs: jobs.get(row.id) ?? 0,
    limits: PersonView.shape.limits.parse(JSON.parse(row.limits_json ?? '{}')),
  }));
}

function accountOf(subject: string): PersonView['account'] {
  if (subject === 'local') return 'local';
  if (subject.startsWith('auth:')) return 'auth';
  return subject.startsWith('clerk:') ? 'clerk' : 'other';
}

/**
 * Whether an admin who can come in is left but for this one: not banned, and of those without an account only who has a
 * key, or all on a farm that listens on this machine alone. Call it in a transaction: no other of the kind goes on before that ends.
 */
export async function isOtherAdminLeft(
  db: Db,
  but: PersonId,
  { now, local }: { now: number; local: boolean },
): Promise<boolean> {
  const admins = db
    .selectFrom('people')
    .select(['id', 'subject'])
    .where('role', '=', 'admin')
    .where('banned_at', 'is', null)
    .where('deleted_at', 'is', null);
  const rows = await (isMysql(db) ? admins.forUpdate() : admins).execute();
  const others = rows.filter(({ id }) => id !== but);
  if (others.some(({ subject }) => local || subject !== 'local')) return true;
  if (others.length === 0) return false;
  const key = await db
    .selectFrom('keys')
    .select('id')
    .where(
      'person_id',
      'in',
      others.map(({ id }) => id),
    )
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .limit(1)
    .executeTakeFirst();
  return key !== undefined;
}

/** False where the row is gone. */
export async function changePerson(
  db: Db,
  id: PersonId,
  set: { role?: PersonRow['role']; banned_at?: number | null; limits_json?: string | null },
): Promise<void> {
  if (Object.keys(set).length > 0) await db.updateTable('people').set(set).where('id', '=', id).execute();
}

export type TheirJob = { id: JobId; team_id: TeamId; person_id: PersonId; name: string };

/** Jobs of a person that are not over, whichever team they are in. */
export const liveJobsOf = (db: Db, person: PersonId): Promise<TheirJob[]> =>
  db
    .selectFrom('jobs')
    .select(['id', 'team_id', 'person_id', 'name'])
    .where('person_id', '=', person)
    .where('state', 'in', LIVE)
    .orderBy('created_at')
    .execute();

/** Jobs of these teams, so many at a time. */
export const jobsOfTeams = (db: Db, teams: TeamId[], limit: number): Promise<TheirJob[]> =>
  teams.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('jobs')
        .select(['id', 'team_id', 'person_id', 'name'])
        .where('team_id', 'in', teams)
        .limit(limit)
        .execute();

/** The teams that nobody is in but this person: their own, and those that all others have left. */
export async function teamsOnlyOf(db: Db, person: PersonId): Promise<TeamId[]> {
  const rows = await db
    .selectFrom('team_members as m')
    .innerJoin('teams as t', 't.id', 'm.team_id')
    .select('m.team_id')
    .where('m.person_id', '=', person)
    .where((eb) =>
      eb.or([
        eb('t.personal_of', '=', person),
        eb.not(
          eb.exists(
            eb
              .selectFrom('team_members as o')
              .select('o.person_id')
              .whereRef('o.team_id', '=', 'm.team_id')
              .where('o.person_id', '<>', person),
          ),
        ),
      ]),
    )
    .execute();
  return rows.map(({ team_id }) => team_id);
}

/** Gives a job to somebody, in the team that it is in from then on; that team has its files too. */
export async function handOverJob(
  db: Db,
  job: TheirJob,
  to: { person: PersonId; team: TeamId },
  now: number,
): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ person_id: to.person, team_id: to.team, updated_at: now })
    .where('id', '=', job.id)
    .execute();
  await movePipelineOf(db, job.id, to);
  if (to.team === job.team_id) return;
  await sql`insert into team_blobs (team_id, hash, created_at)
    select ${to.team}, b.hash, ${now} from (select distinct hash from job_blobs where job_id = ${job.id}) as b
    where not exists (select 1 from team_blobs as t where t.team_id = ${to.team} and t.hash = b.hash)`.execute(
    db,
  );
}

/** Takes a person out of everything: their keys, sessions, links, machines, teams. The row stays. Call it in a transaction. */
export async function removePerson(db: Db, id: PersonId, now: number): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where('key_id', 'in', (eb) => eb.selectFrom('keys').select('id').where('person_id', '=', id))
    .execute();
  await db
    .updateTable('keys')
    .set({ revoked_at: now })
    .where('person_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  await db
    .deleteFrom('links')
    .where((eb) => eb.or([eb('person_id', '=', id), eb('created_by', '=', id)]))
    .where('used_at', 'is', null)
    .execute();
  await db.deleteFrom('device_codes').where('person_id', '=', id).execute();
  await removeChannelsOf(db, id);
  await db.deleteFrom('person_notices').where('person_id', '=', id).execute();
  await db
    .deleteFrom('impersonations')
    .where((eb) => eb.or([eb('person_id', '=', id), eb('admin_id', '=', id)]))
    .execute();
  await db
    .updateTable('join_tokens')
    .set({ revoked_at: now })
    .where('person_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  await db
    .updateTable('workers')
    .set({ revoked_at: now, disabled_at: now })
    .where('person_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  const alone = await teamsOnlyOf(db, id);
  await passOwnership(db, id, alone);
  for (const team of alone) await deleteTeam(db, team, now);
  await passFunctions(db, id, null);
  await db.deleteFrom('team_members').where('person_id', '=', id).execute();
  await db.updateTable('people').set({ deleted_at: now, email: null }).where('id', '=', id).execute();
}

// No team is left without an owner: of the others whoever may most, and of those who came first.
async function passOwnership(db: Db, id: PersonId, alone: TeamId[]): Promise<void> {
  const owned = await db
    .selectFrom('team_members')
    .select('team_id')
    .where('person_id', '=', id)
    .where('role', '=', 'owner')
    .execute();
  for (const { team_id } of owned) {
    if (alone.includes(team_id)) continue;
    await lockTeam(db, team_id);
    const others = await db
      .selectFrom('team_members')
      .select(['person_id', 'role'])
      .where('team_id', '=', team_id)
      .where('person_id', '<>', id)
      .orderBy('joined_at')
      .orderBy('person_id')
      .execute();
    const [next] = others.toSorted((a, b) => TEAM_ROLES.indexOf(a.role) - TEAM_ROLES.indexOf(b.role));
    if (next === undefined || next.role === 'owner') continue;
    await db
      .updateTable('team_members')
      .set({ role: 'owner' })
      .where('team_id', '=', team_id)
      .where('person_id', '=', next.person_id)
      .execute();
  }
}
