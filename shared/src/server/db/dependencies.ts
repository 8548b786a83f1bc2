import type { RunsOn } from '../../model/dependencies.ts';
import type { JobId, TeamId } from '../../model/ids.ts';
import { isOver, JOB_STATUSES, type JobStatus } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';

/** A job at the other end of a dependency; `state` and `name` are null where it was deleted. */
export type LinkedJob = { id: JobId; name: string | null; state: JobStatus | null; on: RunsOn };

export async function insertDependencies(
  db: Db,
  job: JobId,
  on: readonly { job: JobId; on: RunsOn }[],
): Promise<void> {
  if (on.length === 0) return;
  const rows = on.map((one) => ({ job_id: job, depends_on: one.job, runs_on: one.on }));
  await db.insertInto('job_dependencies').values(rows).execute();
}

/** What each of these jobs runs after; jobs that run after none are left out. */
export async function dependenciesOf(db: Db, jobs: readonly JobId[]): Promise<Map<JobId, LinkedJob[]>> {
  if (jobs.length === 0) return new Map();
  const rows = await db
    .selectFrom('job_dependencies as d')
    .leftJoin('jobs as j', 'j.id', 'd.depends_on')
    .select(['d.job_id', 'd.depends_on as id', 'd.runs_on as on', 'j.name', 'j.state'])
    .where('d.job_id', 'in', jobs)
    .orderBy('j.created_at')
    .orderBy('d.depends_on')
    .execute();
  const linked = rows.map(({ job_id, ...one }) => ({ of: job_id, one }));
  return new Map(
    [...Map.groupBy(linked, ({ of }) => of)].map(([of, all]) => [of, all.map(({ one }) => one)]),
  );
}

/** Jobs that run after this one. */
export const dependentsOf = (db: Db, job: JobId): Promise<LinkedJob[]> =>
  db
    .selectFrom('job_dependencies as d')
    .innerJoin('jobs as j', 'j.id', 'd.job_id')
    .select(['d.job_id as id', 'd.runs_on as on', 'j.name', 'j.state'])
    .where('d.depends_on', '=', job)
    .orderBy('j.created_at')
    .orderBy('d.job_id')
    .execute();

/** Names and states of those of these jobs that the team has, as they are now; nobody deletes them before the transaction ends. */
export async function lockJobs(
  db: Db,
  team: TeamId,
  jobs: readonly JobId[],
): Promise<Map<JobId, { name: string; state: JobStatus }>> {
  if (jobs.length === 0) return new Map();
  const query = db
    .selectFrom('jobs')
    .select(['id', 'name', 'state'])
    .where('team_id', '=', team)
    .where('id', 'in', jobs)
    .orderBy('id');
  const mysql = isMysql(db);
  const rows = await (mysql ? query.forUpdate() : query).execute();
  return new Map(rows.map(({ id, name, state }) => [id, { name, state }]));
}

const OVER = JOB_STATUSES.filter(isOver);
const UNSUCCESSFUL = OVER.filter((status) => status !== 'completed');

/** Blocked jobs that need not wait any more, or can never run: what `judgeDependencies` says of the same rows. */
export async function unblockable(db: Db): Promise<JobId[]> {
  const rows = await db
    .selectFrom('jobs as j')
    .innerJoin('stages as s', (join) => join.onRef('s.job_id', '=', 'j.id').on('s.state', '=', 'open'))
    .select('j.id')
    .where('j.state', '=', 'blocked')
    .where((eb) => {
      const linked = eb
        .selectFrom('job_dependencies as d')
        .leftJoin('jobs as p', 'p.id', 'd.depends_on')
        .select('d.job_id')
        .whereRef('d.job_id', '=', 'j.id');
      const waits = linked.where('p.state', 'not in', OVER);
      const never = linked.where((or) =>
        or.or([
          or.and([or('d.runs_on', '=', 'success'), or('p.state', 'is', null)]),
          or.and([or('d.runs_on', '=', 'success'), or('p.state', 'in', UNSUCCESSFUL)]),
        ]),
      );
      const failures = linked.where('d.runs_on', '=', 'failure');
      const noneFailed = eb.and([
        eb.exists(failures),
        eb.not(eb.exists(failures.where('p.state', 'not in', OVER))),
        eb.not(eb.exists(failures.where('p.state', 'in', UNSUCCESSFUL))),
      ]);
      return eb.or([eb.not(eb.exists(waits)), eb.exists(never), noneFailed]);
    })
    .execute();
  return rows.map(({ id }) => id);
}

/** Jobs that the farm canceled as this one had not ended as they run on. */
export async function canceledDependents(db: Db, job: JobId): Promise<JobId[]> {
  const rows = await db
    .selectFrom('job_dependencies as d')
    .innerJoin('jobs as j', 'j.id', 'd.job_id')
    .select('j.id')
    .where('d.depends_on', '=', job)
    .where('j.state', '=', 'canceled')
    .where('j.state_code', '=', 'dependency')
    .execute();
  return rows.map(({ id }) => id);
}
