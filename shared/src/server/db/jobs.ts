import { type Insertable, type Selectable, sql } from 'kysely';
import type { JobId, TeamId } from '../../model/ids.ts';
import { isOver, type JobState } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { unblockable } from './dependencies.ts';
import type { JobsTable } from './schema/jobs.ts';

export type JobRow = Selectable<JobsTable>;
/** A job without its long texts, which a list of hundreds has no use for. */
export type JobHead = Omit<
  JobRow,
  'spec_json' | 'given_json' | 'settings_json' | 'placement_json' | 'asked_json' | 'unprepared_json'
>;

export const HEAD = [
  'id',
  'team_id',
  'person_id',
  'kind',
  'name',
  'state',
  'state_from',
  'state_code',
  'state_message',
  'priority',
  'created_at',
  'updated_at',
  'finished_at',
  'group_id',
  'started_at',
  'bytes',
  'deadline',
  'deadline_told',
] as const;

export const insertJob = async (db: Db, row: Insertable<JobsTable>): Promise<void> => {
  await db.insertInto('jobs').values(row).execute();
};

/** Without a team for the backend's own work, with one for a request of somebody. */
export function findJob(db: Db, id: JobId, team?: TeamId): Promise<JobRow | undefined> {
  const query = db.selectFrom('jobs').selectAll().where('id', '=', id);
  return (team === undefined ? query : query.where('team_id', '=', team)).executeTakeFirst();
}

export function findJobHead(db: Db, id: JobId, team: TeamId): Promise<JobHead | undefined> {
  return db
    .selectFrom('jobs')
    .select(HEAD)
    .where('id', '=', id)
    .where('team_id', '=', team)
    .executeTakeFirst();
}

/** Whose jobs these are; those that are gone are left out. */
export async function teamsOfJobs(db: Db, jobs: JobId[]): Promise<Map<JobId, TeamId>> {
  const rows = await db.selectFrom('jobs').select(['id', 'team_id']).where('id', 'in', jobs).execute();
  return new Map(rows.map(({ id, team_id }) => [id, team_id]));
}

/** What may be written along with another state. */
export type JobColumns = {
  settings_json?: string;
  given_json?: string;
  spec_json?: string;
  unprepared_json?: null;
};

/** Compare-and-set: changes the job only where it still stands at `from`; false when somebody was faster. */
export async function changeJobState(
  db: Db,
  id: JobId,
  change: {
    from: JobState;
    to: JobState;
    now: number;
    with?: JobColumns;
  },
): Promise<boolean> {
  const { from, to, now } = change;
  const result = await db
    .updateTable('jobs')
    .set({
      ...columnsOf(to),
      ...change.with,
      updated_at: now,
      finished_at: isOver(to.status) ? now : null,
      // What it stores is measured anew when it is over.
      bytes: null,
      ...(begins(from, to) ? { started_at: firstStart(id) } : {}),
    })
    .where('id', '=', id)
    .where('state', '=', from.status)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

// The work of a kind may begin with its first stage.
const begins = (from: JobState, to: JobState): boolean =>
  from.status === 'queued' ||
  (from.status === 'preparing' && (to.status === 'running' || to.status === 'assembling'));

// Once it is known it stays. The chunks are looked at when the open stage is left or begun, not at every listing.
const firstStart = (id: JobId) => sql<number | null>`coalesce(started_at, (
  select min(c.started_at) from chunks as c join stages as s on s.id = c.stage_id
  where s.job_id = ${id} and s.state = 'open'
))`;

/** False when there is no such job. */
export async function editJob(
  db: Db,
  id: JobId,
  edit: { name?: string; priority?: number; deadline?: number | null; now: number },
): Promise<boolean> {
  const { now, ...fields } = edit;
  // Of another deadline everything is told anew.
  const anew = edit.deadline === undefined ? {} : { deadline_told: null };
  const result = await db
    .updateTable('jobs')
    .set({ ...fields, ...anew, updated_at: now })
    .where('id', '=', id)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Puts the state's columns together again. */
export function stateOf(
  row: Pick<JobRow, 'state' | 'state_from' | 'state_code' | 'state_message'>,
): JobState {
  switch (row.state) {
    case 'paused':
      return {
        status: 'paused',
        from: row.state_from === 'preparing' || row.state_from === 'running' ? row.state_from : 'queued',
      };
    case 'failed':
      return {
        status: 'failed',
        code: row.state_code ?? 'unexpected',
        message: row.state_message ?? 'The job failed.',
      };
    case 'canceled': {
      const { state_code: code, state_message: message } = row;
      return {
        status: 'canceled',
        ...(code === null || message === null ? {} : { reason: { code, message } }),
      };
    }
    default:
      return { status: row.state };
  }
}

/** Takes a state apart into its columns. */
export function columnsOf(state: JobState) {
  const reason = state.status === 'failed' ? state : state.status === 'canceled' ? state.reason : undefined;
  return {
    state: state.status,
    state_from: state.status === 'paused' ? state.from : null,
    state_code: reason?.code ?? null,
    state_message: reason?.message ?? null,
  };
}

/**
 * Jobs for which something may be due that no one else will do: what they wait for has ended, all chunks of
 * the open stage are settled, the first one was started, one failed for good,
 * or the result waits to be put together. A few index look-ups for each job.
 * `mainStages` are the names of those that make a job one that runs.
 */
export async function jobsDue(db: Db, mainStages: readonly string[]): Promise<JobId[]> {
  const rows = await db
    .selectFrom('jobs as j')
    .innerJoin('stages as s', (join) => join.onRef('s.job_id', '=', 'j.id').on('s.state', '=', 'open'))
    .select('j.id')
    .where('j.state', 'in', ['preparing', 'queued', 'running'])
    .where((eb) => {
      const some = (states: ('queued' | 'leased' | 'running' | 'done' | 'failed')[]) =>
        eb.exists(
          eb
            .selectFrom('chunks as c')
            .select('c.stage_id')
            .whereRef('c.stage_id', '=', 's.id')
            .where('c.state', 'in', states),
        );
      return eb.or([
        some(['failed']),
        eb.and([
          eb.or([
            eb('j.state', '=', 'queued'),
            eb.and([eb('j.state', '=', 'preparing'), eb('s.name', 'in', mainStages)]),
          ]),
          some(['running', 'done']),
        ]),
        eb.not(some(['queued', 'leased', 'running'])),
        // May be over by the clock alone.
        eb.and([eb('s.quorum', 'is not', null), some(['done'])]),
      ]);
    })
    .execute();
  // Whether or not its last stage was closed early.
  const assembling = await db
    .selectFrom('jobs as j')
    .select('j.id')
    .where('j.state', '=', 'assembling')
    .where((eb) => eb.exists(eb.selectFrom('stages as s').select('s.id').whereRef('s.job_id', '=', 'j.id')))
    .execute();
  return [...[...rows, ...assembling].map((row) => row.id), ...(await unblockable(db))];
}

/** Everything of a job but its blobs. Call it in a transaction. */
export async function deleteJob(db: Db, id: JobId): Promise<void> {
  for (const table of [
    'leases',
    'chunks',
    'stages',
    'job_notes',
    'job_dependencies',
    'job_blobs',
    'background_tasks',
    'artifacts',
    'sweep_reports',
    'sweep_members',
    'pipeline_jobs',
    'notices',
    'person_notices',
  ] as const) {
    await db.deleteFrom(table).where('job_id', '=', id).execute();
  }
  await db.deleteFrom('jobs').where('id', '=', id).execute();
}
