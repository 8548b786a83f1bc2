import type { Insertable, Selectable } from 'kysely';
import type { RunsOn } from '../../model/dependencies.ts';
import type { JobId, PersonId, PipelineId, TeamId } from '../../model/ids.ts';
import type { JobStatus } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { HEAD, type JobHead } from './jobs.ts';
import type { PipelineJobsTable, PipelinesTable } from './schema/pipelines.ts';

/** Without its jobs as a template, which only a template has a use for. */
export type PipelineRow = Omit<Selectable<PipelinesTable>, 'template_jobs_json'>;
/** Without the file too, which a list has no use for. */
export type PipelineHead = Pick<PipelineRow, 'id' | 'person_id' | 'name' | 'created_at'>;
const PIPELINE_HEAD = ['id', 'person_id', 'name', 'created_at'] as const;
const PIPELINE_ROW = [
  ...PIPELINE_HEAD,
  'team_id',
  'request_id',
  'source_name',
  'source_text',
  'parameters_json',
  'template_parameters_json',
] as const;

/** Call it in the transaction that writes its jobs. */
export async function insertPipeline(
  db: Db,
  pipeline: Insertable<PipelinesTable>,
  jobs: readonly Omit<PipelineJobsTable, 'pipeline_id' | 'number'>[],
): Promise<void> {
  await db.insertInto('pipelines').values(pipeline).execute();
  const rows = jobs.map((job, index) => ({ ...job, pipeline_id: pipeline.id, number: index + 1 }));
  await db.insertInto('pipeline_jobs').values(rows).execute();
}

export const findPipeline = (db: Db, id: PipelineId, team: TeamId): Promise<PipelineRow | undefined> =>
  db
    .selectFrom('pipelines')
    .select(PIPELINE_ROW)
    .where('id', '=', id)
    .where('team_id', '=', team)
    .executeTakeFirst();

/** Nobody else changes it until the transaction ends. */
export const lockPipeline = async (db: Db, id: PipelineId): Promise<void> => {
  await db
    .updateTable('pipelines')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('id', '=', id)
    .execute();
};

/** With its jobs as a template. */
export const findPipelineTemplate = (
  db: Db,
  id: PipelineId,
  team: TeamId,
): Promise<Selectable<PipelinesTable> | undefined> =>
  db.selectFrom('pipelines').selectAll().where('id', '=', id).where('team_id', '=', team).executeTakeFirst();

/** The pipeline that the team has submitted under this request before. */
export async function pipelineOfRequest(db: Db, team: TeamId, request: string): Promise<PipelineId | null> {
  const row = await db
    .selectFrom('pipelines')
    .select('id')
    .where('team_id', '=', team)
    .where('request_id', '=', request)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Newest first, from behind `after` on. */
export function listPipelines(
  db: Db,
  team: TeamId,
  limit: number,
  after: { at: number; id: string } | null,
): Promise<PipelineHead[]> {
  const query = db
    .selectFrom('pipelines')
    .select(PIPELINE_HEAD)
    .where('team_id', '=', team)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (after === null) return query.execute();
  return query
    .where((eb) =>
      eb.or([
        eb('created_at', '<', after.at),
        eb.and([eb('created_at', '=', after.at), eb('id', '<', after.id as PipelineId)]),
      ]),
    )
    .execute();
}

export type CountedState = { state: JobStatus; code: string | null; count: number };

/** How many jobs of each of these are in each state, and why where that was noted. */
export async function statesOfPipelines(
  db: Db,
  pipelines: readonly PipelineId[],
): Promise<Map<PipelineId, CountedState[]>> {
  if (pipelines.length === 0) return new Map();
  const rows = await db
    .selectFrom('pipeline_jobs as p')
    .innerJoin('jobs as j', 'j.id', 'p.job_id')
    .innerJoin('pipelines as w', (join) =>
      join.onRef('w.id', '=', 'p.pipeline_id').onRef('w.team_id', '=', 'j.team_id'),
    )
    .select((eb) => ['p.pipeline_id', 'j.state', 'j.state_code', eb.fn.countAll().as('count')] as const)
    .where('p.pipeline_id', 'in', [...pipelines])
    .groupBy(['p.pipeline_id', 'j.state', 'j.state_code'])
    .execute();
  const counted = rows.map(({ pipeline_id, state, state_code, count }) => ({
    of: pipeline_id,
    one: { state, code: state_code, count: Number(count) },
  }));
  return new Map(
    [...Map.groupBy(counted, ({ of }) => of)].map(([of, all]) => [of, all.map(({ one }) => one)]),
  );
}

export type PipelineMember = { name: string; matrix: string; job: JobHead };

/** In their order; those that were deleted, or are another team's by now, are left out. */
export async function jobsOfPipeline(db: Db, id: PipelineId, team: TeamId): Promise<PipelineMember[]> {
  const rows = await db
    .selectFrom('pipeline_jobs as p')
    .innerJoin('jobs as j', 'j.id', 'p.job_id')
    .select(['p.name as member', 'p.matrix'])
    .select(HEAD.map((column) => `j.${column}` as const))
    .where('p.pipeline_id', '=', id)
    .where('j.team_id', '=', team)
    .orderBy('p.number')
    .execute();
  return rows.map(({ member, matrix, ...job }) => ({ name: member, matrix, job }));
}

/** Which jobs of the pipeline run after which others of it. */
export const edgesOfPipeline = (
  db: Db,
  id: PipelineId,
): Promise<{ job: JobId; after: JobId; on: RunsOn }[]> =>
  db
    .selectFrom('pipeline_jobs as p')
    .innerJoin('job_dependencies as d', 'd.job_id', 'p.job_id')
    .innerJoin('pipeline_jobs as q', (join) =>
      join.onRef('q.job_id', '=', 'd.depends_on').onRef('q.pipeline_id', '=', 'p.pipeline_id'),
    )
    .select(['d.job_id as job', 'd.depends_on as after', 'd.runs_on as on'])
    .where('p.pipeline_id', '=', id)
    .orderBy('p.number')
    .orderBy('q.number')
    .execute();

/** A job outside of the pipeline that waits for one of it. */
export const awaitedFromOutside = (
  db: Db,
  id: PipelineId,
): Promise<{ name: string; awaits: string } | undefined> =>
  db
    .selectFrom('pipeline_jobs as p')
    .innerJoin('job_dependencies as d', 'd.depends_on', 'p.job_id')
    .innerJoin('jobs as j', 'j.id', 'd.job_id')
    .innerJoin('jobs as a', 'a.id', 'p.job_id')
    .leftJoin('pipeline_jobs as q', (join) =>
      join.onRef('q.job_id', '=', 'd.job_id').on('q.pipeline_id', '=', id),
    )
    .select(['j.name', 'a.name as awaits'])
    .where('p.pipeline_id', '=', id)
    .where('j.state', '=', 'blocked')
    .where('q.job_id', 'is', null)
    .limit(1)
    .executeTakeFirst();

/** Of these jobs those that are of a pipeline, with its id and name. */
export async function pipelinesOfJobs(
  db: Db,
  jobs: readonly JobId[],
): Promise<Map<JobId, { id: PipelineId; name: string }>> {
  if (jobs.length === 0) return new Map();
  const rows = await db
    .selectFrom('pipeline_jobs as m')
    .innerJoin('jobs as j', 'j.id', 'm.job_id')
    .innerJoin('pipelines as p', (join) =>
      join.onRef('p.id', '=', 'm.pipeline_id').onRef('p.team_id', '=', 'j.team_id'),
    )
    .select(['m.job_id', 'p.id', 'p.name'])
    .where('m.job_id', 'in', [...jobs])
    .execute();
  return new Map(rows.map(({ job_id, ...pipeline }) => [job_id, pipeline]));
}

/** Makes the pipeline that the job is of somebody's, as the job is now. */
export async function movePipelineOf(
  db: Db,
  job: JobId,
  to: { person: PersonId; team: TeamId },
): Promise<void> {
  await db
    .updateTable('pipelines')
    .set({ person_id: to.person, team_id: to.team })
    .where('id', 'in', (eb) => eb.selectFrom('pipeline_jobs').select('pipeline_id').where('job_id', '=', job))
    .execute();
}

/** Forgets those that have no job any more: they were deleted. */
export async function forgetEmptyPipelines(db: Db, ids: readonly PipelineId[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom('pipelines')
    .where('id', 'in', [...ids])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('pipeline_jobs')
            .select('job_id')
            .whereRef('pipeline_jobs.pipeline_id', '=', 'pipelines.id'),
        ),
      ),
    )
    .execute();
}
