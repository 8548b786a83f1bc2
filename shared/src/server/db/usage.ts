import { sql } from 'kysely';
import type { JobId, PersonId, TeamId } from '../../model/ids.ts';
import { isOver, JOB_STATUSES } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import { lockTeam } from './teams.ts';

/** Whose use is looked at: all of a team's, or a person's in all their teams. */
export type Holder = { team: TeamId } | { person: PersonId };

const LIVE = JOB_STATUSES.filter((status) => !isOver(status));

const ofHolder = (holder: Holder) =>
  'team' in holder
    ? sql<boolean>`jobs.team_id = ${holder.team}`
    : sql<boolean>`jobs.person_id = ${holder.person}`;

/** Jobs of which nothing has begun but the look into their file. */
export async function waitingJobs(db: Db, holder: Holder): Promise<number> {
  const row = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.countAll().as('count'))
    .where(ofHolder(holder))
    .where((eb) =>
      eb.or([
        eb('state', 'in', ['blocked', 'preparing', 'ready', 'queued']),
        eb.and([eb('state', '=', 'paused'), eb('state_from', '<>', 'running')]),
      ]),
    )
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Chunks that workers hold. */
export async function heldChunks(db: Db, holder: Holder): Promise<number> {
  const row = await db
    .selectFrom('jobs')
    .innerJoin('stages', (join) =>
      join.onRef('stages.job_id', '=', 'jobs.id').on('stages.state', '=', 'open'),
    )
    .innerJoin('chunks', 'chunks.stage_id', 'stages.id')
    .select((eb) => eb.fn.countAll().as('count'))
    .where(ofHolder(holder))
    .where('jobs.state', 'in', LIVE)
    .where('chunks.state', 'in', ['leased', 'running'])
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Bytes of the jobs of a person that are over, as far as they were measured. */
export async function bytesOfPerson(db: Db, person: PersonId): Promise<number> {
  const row = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.sum('bytes').as('bytes'))
    .where('person_id', '=', person)
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

export async function liveJobIds(db: Db, holder: Holder): Promise<JobId[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where(ofHolder(holder))
    .where('state', 'in', LIVE)
    .execute();
  return rows.map(({ id }) => id);
}

/** The calendar month, UTC, that a time lies in, such as `2026-11`. */
export const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);

/** Milliseconds that workers spent in that month. */
export async function busyInMonth(db: Db, holder: Holder, month: string): Promise<number> {
  const row = await db
    .selectFrom('usage_by_month')
    .select('busy_ms')
    .where('holder', '=', 'team' in holder ? holder.team : holder.person)
    .where('month', '=', month)
    .executeTakeFirst();
  return Number(row?.busy_ms ?? 0);
}

/** Adds what workers spent; call it in the transaction in which the leases end. In one order, so that two never wait for each other. */
export async function addBusy(
  db: Db,
  spent: ReadonlyMap<TeamId | PersonId, number>,
  month: string,
): Promise<void> {
  const rows = [...spent]
    .filter(([, busy]) => busy > 0)
    .map(([holder, busy]) => ({ holder, month, busy_ms: Math.round(busy) }))
    .sort((a, b) => (a.holder < b.holder ? -1 : 1));
  if (rows.length === 0) return;
  const insert = db.insertInto('usage_by_month').values(rows);
  await (isMysql(db)
    ? insert.onDuplicateKeyUpdate({ busy_ms: sql`busy_ms + values(busy_ms)` })
    : insert.onConflict((conflict) =>
        conflict
          .columns(['holder', 'month'])
          .doUpdateSet({ busy_ms: sql`usage_by_month.busy_ms + excluded.busy_ms` }),
      )
  ).execute();
}

/** Has nobody else submit for this team or as this person before the transaction ends. SQLite lets one write at a time anyway. */
export async function lockHolders(db: Db, team: TeamId, person: PersonId): Promise<void> {
  if (!isMysql(db)) return;
  await lockTeam(db, team);
  await db.selectFrom('people').select('id').where('id', '=', person).forUpdate().execute();
}

/** Whose work is under way or waits for it. */
export const workingHolders = (db: Db): Promise<{ team_id: TeamId; person_id: PersonId }[]> =>
  db
    .selectFrom('jobs')
    .select(['team_id', 'person_id'])
    .distinct()
    .where('state', 'in', ['preparing', 'queued', 'running'])
    .execute();

/** Paused jobs with a note whose code begins so. */
export const pausedWithNote = (
  db: Db,
  code: string,
): Promise<{ id: JobId; team_id: TeamId; person_id: PersonId }[]> =>
  db
    .selectFrom('job_notes')
    .innerJoin('jobs', 'jobs.id', 'job_notes.job_id')
    .select(['jobs.id', 'jobs.team_id', 'jobs.person_id'])
    .distinct()
    .where('jobs.state', '=', 'paused')
    .where('job_notes.code', 'like', `${code}%`)
    .execute();
