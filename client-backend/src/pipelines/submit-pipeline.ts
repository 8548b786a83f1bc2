import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import { newId, type PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { insertPipeline, pipelineOfRequest } from '@parallel-pilot/shared/server/db/pipelines.ts';
import type { z } from 'zod';
import { announceNew, type NewJob, prepareJob, storeJob } from '../jobs/new-job.ts';
import { refuseNewJob, refuseWaitingJobs } from '../limits/keep-limits.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { type PlacedJob, withOwnIds } from './own-ids.ts';
import { templateProblem } from './template-problem.ts';

type By = Pick<Principal, 'person' | 'team'>;
type Request = z.output<typeof CreatePipeline>;
type Prepared = PlacedJob & { job: NewJob };

/** Takes a pipeline in: each of its jobs is looked at first, then all are written in one transaction, or none. */
export async function submitPipeline(
  parts: Parts,
  by: By,
  request: Request,
): Promise<{ ok: true; pipeline: PipelineId; again: boolean } | SubmissionRefusal> {
  const earlier = await pipelineOfRequest(parts.db, by.team, request.request);
  if (earlier !== null) return { ok: true, pipeline: earlier, again: true };
  const refused = await refuseNewJob(parts, by);
  if (refused !== null) return refused;
  const problem = templateProblem(request);
  if (problem !== null) return problem;
  const placed = withOwnIds(request.jobs, parts.random);
  if (!placed.ok) return placed;
  const jobs: Prepared[] = [];
  for (const one of placed.jobs) {
    const job = await prepareJob(parts, by, one.request, one.id);
    if (!job.ok) return about(one.name, job);
    if (job.made.length !== 1) return about(one.name, ONE_EACH);
    jobs.push({ ...one, job });
  }
  const pipeline = newId('pip', parts.random);
  const stored = await store(parts, by, request, pipeline, jobs);
  if (!stored.ok) return stored;
  if (stored.pipeline !== pipeline) return { ok: true, pipeline: stored.pipeline, again: true };
  parts.log.info({ event: 'pipeline.submitted', pipeline, jobs: jobs.length });
  for (const { job } of jobs) announceNew(parts, job);
  return { ok: true, pipeline, again: false };
}

/** One that the same request made meanwhile is as good. */
async function store(
  parts: Parts,
  by: By,
  request: Request,
  id: PipelineId,
  jobs: readonly Prepared[],
): Promise<{ ok: true; pipeline: PipelineId } | SubmissionRefusal> {
  try {
    await inTransaction(parts.db, async (db) => {
      orThrow(await refuseWaitingJobs(parts, db, by, jobs.length));
      await insertPipeline(
        db,
        rowOf(parts, by, request, id),
        jobs.map(({ id: job_id, name, matrix }) => ({ job_id, name, matrix })),
      );
      await storeAll(db, parts, jobs);
    });
    return { ok: true, pipeline: id };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    const meanwhile = await pipelineOfRequest(parts.db, by.team, request.request);
    if (meanwhile === null) throw error;
    return { ok: true, pipeline: meanwhile };
  }
}

async function storeAll(db: Db, parts: Parts, jobs: readonly Prepared[]): Promise<void> {
  for (const { name, job } of jobs) {
    const stored = await storeJob(db, parts, job);
    orThrow(stored.ok ? null : about(name, stored));
  }
}

const rowOf = (
  { clock }: Parts,
  by: By,
  { request, name, source, parameters, jobs, template = { parameters: {}, jobs } }: Request,
  id: PipelineId,
) => ({
  id,
  team_id: by.team,
  person_id: by.person,
  name: oneLine(name) || id,
  request_id: request,
  source_name: source?.name ?? null,
  source_text: source?.text ?? null,
  parameters_json: JSON.stringify(parameters),
  created_at: clock(),
  template_parameters_json: JSON.stringify(template.parameters),
  template_jobs_json: JSON.stringify(template.jobs),
});

/** Ends a transaction in which something was written already. */
class Refused extends Error {
  readonly refusal: SubmissionRefusal;
  constructor(refusal: SubmissionRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function orThrow(refusal: SubmissionRefusal | null): void {
  if (refusal !== null) throw new Refused(refusal);
}

const about = (job: string, refusal: SubmissionRefusal): SubmissionRefusal => ({
  ...refusal,
  message: `jobs.${job}: ${refusal.message}`,
});

const ONE_EACH: SubmissionRefusal = {
  ok: false,
  code: 'bad-sweep',
  message:
    'A sweep is several jobs, and cannot be a part of a pipeline. Give its values in a matrix instead.',
};
