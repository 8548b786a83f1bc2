import { type Insertable, type Selectable, sql } from 'kysely';
import type { JobId, StageId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { HEAD, type JobHead } from './jobs.ts';
import type { SweepMembersTable, SweepReportsTable, SweepsTable } from './schema/pipelines.ts';

export type SweepRow = Selectable<SweepsTable>;
export type SweepKey = { team: TeamId; id: string };
export type MemberRow = Pick<SweepMembersTable, 'number' | 'held'> & { job: JobHead };
export type ReportRow = Selectable<SweepReportsTable>;

export async function insertSweep(
  db: Db,
  sweep: Insertable<SweepsTable>,
  members: readonly Pick<SweepMembersTable, 'job_id' | 'held'>[],
): Promise<void> {
  const { team_id, id: sweep_id } = sweep;
  await db.insertInto('sweeps').values(sweep).execute();
  const rows = members.map((member, index) => ({ ...member, team_id, sweep_id, number: index + 1 }));
  await db.insertInto('sweep_members').values(rows).execute();
}

export const findSweep = (db: Db, { team, id }: SweepKey): Promise<SweepRow | undefined> =>
  db.selectFrom('sweeps').selectAll().where('team_id', '=', team).where('id', '=', id).executeTakeFirst();

/** The same, where nobody else changes it or its members until the transaction ends. */
export async function lockSweep(db: Db, key: SweepKey): Promise<SweepRow | undefined> {
  await db
    .updateTable('sweeps')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('team_id', '=', key.team)
    .where('id', '=', key.id)
    .execute();
  return findSweep(db, key);
}

/** Sweeps of which some job is not over. */
export async function liveSweeps(db: Db): Promise<SweepKey[]> {
  const rows = await db
    .selectFrom('jobs as j')
    .innerJoin('sweep_members as m', 'm.job_id', 'j.id')
    .select(['m.team_id', 'm.sweep_id'])
    .distinct()
    .where('j.state', 'in', ['preparing', 'ready', 'queued', 'running', 'paused', 'assembling'])
    .execute();
  return rows.map(({ team_id, sweep_id }) => ({ team: team_id, id: sweep_id }));
}

/** The sweep that the job is of. */
export async function sweepOfJob(db: Db, job: JobId): Promise<(SweepKey & { number: number }) | null> {
  const row = await db
    .selectFrom('sweep_members')
    .select(['team_id', 'sweep_id', 'number'])
    .where('job_id', '=', job)
    .executeTakeFirst();
  return row === undefined ? null : { team: row.team_id, id: row.sweep_id, number: row.number };
}

/** Of these jobs those that are of a sweep, with its id. */
export async function sweepsOfJobs(db: Db, jobs: readonly JobId[]): Promise<Map<JobId, string>> {
  if (jobs.length === 0) return new Map();
  const rows = await db
    .selectFrom('sweep_members')
    .select(['job_id', 'sweep_id'])
    .where('job_id', 'in', [...jobs])
    .execute();
  return new Map(rows.map(({ job_id, sweep_id }) => [job_id, sweep_id]));
}

/** In their order, those that were deleted left out. */
export async function membersOf(db: Db, { team, id }: SweepKey): Promise<MemberRow[]> {
  const rows = await db
    .selectFrom('sweep_members as m')
    .innerJoin('jobs as j', 'j.id', 'm.job_id')
    .select(['m.number', 'm.held'])
    .select(HEAD.map((column) => `j.${column}` as const))
    .where('m.team_id', '=', team)
    .where('m.sweep_id', '=', id)
    .orderBy('m.number')
    .execute();
  return rows.map(({ number, held, ...job }) => ({ number, held, job }));
}

/** What the members have been submitted as. */
export async function specsOfMembers(db: Db, { team, id }: SweepKey): Promise<Map<JobId, string>> {
  const rows = await db
    .selectFrom('sweep_members as m')
    .innerJoin('jobs as j', 'j.id', 'm.job_id')
    .select(['j.id', 'j.spec_json'])
    .where('m.team_id', '=', team)
    .where('m.sweep_id', '=', id)
    .execute();
  return new Map(rows.map((row) => [row.id, row.spec_json]));
}

export const reportsOf = (db: Db, jobs: readonly JobId[]): Promise<ReportRow[]> =>
  jobs.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('sweep_reports')
        .selectAll()
        .where('job_id', 'in', [...jobs])
        .orderBy('rung')
        .execute();

/** False where the job has reported at that rung before. */
export async function addReport(db: Db, report: Insertable<SweepReportsTable>): Promise<boolean> {
  const before = await db
    .selectFrom('sweep_reports')
    .select('rung')
    .where('job_id', '=', report.job_id)
    .where('rung', '=', report.rung)
    .executeTakeFirst();
  if (before !== undefined) return false;
  await db.insertInto('sweep_reports').values(report).execute();
  return true;
}

export const holdMember = async (db: Db, job: JobId, held: SweepMembersTable['held']): Promise<void> => {
  await db.updateTable('sweep_members').set({ held }).where('job_id', '=', job).execute();
};

export const noteProblem = async (db: Db, { team, id }: SweepKey, problem: string): Promise<void> => {
  await db.updateTable('sweeps').set({ problem }).where('team_id', '=', team).where('id', '=', id).execute();
};

/** The closed stages of that name in these jobs: of each job's iterations each `nth`. */
export async function closedIterations(
  db: Db,
  jobs: readonly JobId[],
  name: string,
  nth: number,
): Promise<{ id: StageId; job_id: JobId; iteration: number }[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('stages')
    .select(['id', 'job_id', 'iteration'])
    .where('job_id', 'in', [...jobs])
    .where('name', '=', name)
    .where('state', '=', 'closed')
    .where(sql<boolean>`iteration % ${nth} = 0`)
    .orderBy('job_id')
    .orderBy('ordinal')
    .execute();
  return rows.map(({ id, job_id, iteration }) => ({ id, job_id, iteration: iteration ?? 0 }));
}

/** The newest closed stage of that name in each of these jobs. */
export async function newestClosed(
  db: Db,
  jobs: readonly JobId[],
  name: string,
): Promise<{ id: StageId; job_id: JobId; iteration: number }[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('stages as s')
    .innerJoin(
      (eb) =>
        eb
          .selectFrom('stages')
          .select((of) => ['job_id', of.fn.max('ordinal').as('ordinal')])
          .where('job_id', 'in', [...jobs])
          .where('name', '=', name)
          .where('state', '=', 'closed')
          .groupBy('job_id')
          .as('newest'),
      (join) => join.onRef('newest.job_id', '=', 's.job_id').onRef('newest.ordinal', '=', 's.ordinal'),
    )
    .select(['s.id', 's.job_id', 's.iteration'])
    .execute();
  return rows.map(({ id, job_id, iteration }) => ({ id, job_id, iteration: iteration ?? 0 }));
}

/** Forgets it where it has no member any more: their jobs were deleted. */
export async function forgetEmptySweep(db: Db, { team, id }: SweepKey): Promise<void> {
  await db
    .deleteFrom('sweeps')
    .where('team_id', '=', team)
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('sweep_members').select('job_id').where('team_id', '=', team).where('sweep_id', '=', id),
        ),
      ),
    )
    .execute();
}
