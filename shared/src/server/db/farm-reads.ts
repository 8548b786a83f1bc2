import type { Selectable } from 'kysely';
import type { JobId, PersonId, StageId, TeamId } from '../../model/ids.ts';
import { type JobStatus, LIVE_STATES } from '../../model/job.ts';
import type { Db } from './connect.ts';
import type { JobsTable, StagesTable } from './schema/jobs.ts';

export type LiveStage = {
  stage: StageId;
  job: JobId;
  team: TeamId;
  person: PersonId;
  state: JobStatus;
  priority: number;
  deadline: number | null;
  chunks: number;
};

/** Open stages of jobs that are under way: the load balancer compares this with what it has in memory. */
export const liveStages = (db: Db): Promise<LiveStage[]> =>
  db
    .selectFrom('stages as s')
    .innerJoin('jobs as j', 'j.id', 's.job_id')
    .select([
      's.id as stage',
      'j.id as job',
      'j.team_id as team',
      'j.person_id as person',
      'j.state',
      'j.priority',
      'j.deadline',
      's.chunk_count as chunks',
    ])
    .where('s.state', '=', 'open')
    .where('j.state', 'in', LIVE_STATES)
    .execute();

/** Jobs that are over while chunks of their open stage still wait or are held: what a cancel has left to do. */
export async function jobsToCancel(db: Db): Promise<JobId[]> {
  const rows = await db
    .selectFrom('stages as s')
    .innerJoin('jobs as j', 'j.id', 's.job_id')
    .select('j.id')
    .where('s.state', '=', 'open')
    .where('j.state', 'in', ['failed', 'canceled'])
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('chunks as c')
          .select('c.stage_id')
          .whereRef('c.stage_id', '=', 's.id')
          .where('c.state', 'in', ['queued', 'leased', 'running']),
      ),
    )
    .execute();
  return rows.map((row) => row.id);
}

export type FarmJob = Pick<
  Selectable<JobsTable>,
  'id' | 'team_id' | 'person_id' | 'kind' | 'state' | 'priority' | 'created_at' | 'deadline'
>;

export const farmJobs = (db: Db, ids: JobId[]): Promise<FarmJob[]> =>
  db
    .selectFrom('jobs')
    .select(['id', 'team_id', 'person_id', 'kind', 'state', 'priority', 'created_at', 'deadline'])
    .where('id', 'in', ids)
    .execute();

export type OpenStage = Pick<Selectable<StagesTable>, 'id' | 'job_id' | 'chunk_count'>;

export const openStages = (db: Db, jobs: JobId[]): Promise<OpenStage[]> =>
  db
    .selectFrom('stages')
    .select(['id', 'job_id', 'chunk_count'])
    .where('job_id', 'in', jobs)
    .where('state', '=', 'open')
    .execute();

export const stageTexts = (db: Db, id: StageId) =>
  db
    .selectFrom('stages')
    .select([
      'name',
      'spec_json',
      'inputs_json',
      'requirements_json',
      'asked_json',
      'affinity',
      'planned_at',
      'span_from',
      'span_to',
      'gang_min',
      'pins_json',
      'lasting',
    ])
    .where('id', '=', id)
    .executeTakeFirst();

/** Closed stages whose chunks still wait or are held: what an early close has left to do. */
export const unfinishedClosedStages = (db: Db): Promise<OpenStage[]> =>
  db
    .selectFrom('stages as s')
    .select(['s.id', 's.job_id', 's.chunk_count'])
    .where('s.state', '=', 'closed')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('chunks as c')
          .select('c.stage_id')
          .whereRef('c.stage_id', '=', 's.id')
          .where('c.state', 'in', ['queued', 'leased', 'running']),
      ),
    )
    .execute();
