import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { type Action, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import {
  awaitedFromOutside,
  findPipeline,
  forgetEmptyPipelines,
  jobsOfPipeline,
  type PipelineMember,
} from '@parallel-pilot/shared/server/db/pipelines.ts';
import { cancelJob, deleteJob, type Outcome, retryJob } from '../jobs/actions.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';

/**
 * Cancels all jobs that are not over, the last first: else one that runs on a failure would begin as the one before it is
 * canceled. A cut leaves the first ones, which whoever asks again cancels.
 */
export function cancelPipeline(parts: PartsWithEngine, by: Principal, id: PipelineId): Promise<Outcome> {
  return withJobs(parts, by, id, 'jobs.steer', async (jobs) => {
    const open = jobs.filter(({ job }) => !isOver(job.state));
    if (open.length === 0) return notNow('All jobs of this pipeline are over; nothing is left to cancel.');
    return each(open.toReversed(), async ({ job }) => overMeanwhile(await cancelJob(parts, by, job.id)));
  });
}

/**
 * Goes on from where it failed: every job that failed or was canceled is tried again, the first ones first. What is done
 * stays; what only runs when another ends as it has not ended stays canceled.
 */
export function retryPipeline(parts: PartsWithEngine, by: Principal, id: PipelineId): Promise<Outcome> {
  return withJobs(parts, by, id, 'jobs.steer', async (jobs) => {
    const ended = jobs.filter(({ job }) => job.state === 'failed' || job.state === 'canceled');
    let refused: Outcome | null = null;
    let retried = 0;
    for (const { job } of ended) {
      const outcome = await retryJob(parts, by, job.id);
      if (outcome.ok) retried += 1;
      else if (outcome.status !== 409) return outcome;
      // Or else one that waits again by now, as what it waits for was retried.
      else refused ??= outcome;
    }
    const nothing = notNow('No job of this pipeline failed or was canceled; there is nothing to retry.');
    return retried > 0 ? { ok: true } : (refused ?? nothing);
  });
}

/** Cancels what is not over, then deletes all jobs, the last first, and with the last of them the pipeline. */
export function deletePipeline(parts: PartsWithEngine, by: Principal, id: PipelineId): Promise<Outcome> {
  return withJobs(parts, by, id, 'jobs.delete', async (jobs) => {
    const outside = await awaitedFromOutside(parts.db, id);
    if (outside !== undefined)
      return notNow(
        `The job "${outside.name}", which is not of this pipeline, waits for "${outside.awaits}" and may need its results. Cancel that first.`,
      );
    const open = jobs.filter(({ job }) => !isOver(job.state)).toReversed();
    const canceled = await each(open, async ({ job }) => overMeanwhile(await cancelJob(parts, by, job.id)));
    if (!canceled.ok) return canceled;
    const deleted = await each(jobs.toReversed(), async ({ job }) =>
      gone(await deleteJob(parts, by, job.id)),
    );
    if (deleted.ok) await forgetEmptyPipelines(parts.db, [id]);
    return deleted;
  });
}

const overMeanwhile = (outcome: Outcome): Outcome =>
  !outcome.ok && (outcome.status === 409 || outcome.status === 404) ? { ok: true } : outcome;
const gone = (outcome: Outcome): Outcome => (!outcome.ok && outcome.status === 404 ? { ok: true } : outcome);

async function each(
  jobs: readonly PipelineMember[],
  act: (member: PipelineMember) => Promise<Outcome>,
): Promise<Outcome> {
  for (const member of jobs) {
    const outcome = await act(member);
    if (!outcome.ok) return outcome;
  }
  return { ok: true };
}

/** Where whoever asks may do it to all of them. */
async function withJobs(
  { db }: PartsWithEngine,
  by: Principal,
  id: PipelineId,
  action: Action,
  act: (jobs: PipelineMember[]) => Promise<Outcome>,
): Promise<Outcome> {
  const pipeline = await findPipeline(db, id, by.team);
  if (pipeline === undefined) return PIPELINE_UNKNOWN;
  const jobs = await jobsOfPipeline(db, id, by.team);
  const theirs = jobs.find(({ job }) => !may(by, action, job.person_id === by.person));
  if (theirs !== undefined)
    return { ok: false, status: 403, code: 'not-allowed', message: refusalOf(by, action) };
  return act(jobs);
}

export const PIPELINE_UNKNOWN: Extract<Outcome, { ok: false }> = {
  ok: false,
  status: 404,
  code: 'pipeline-unknown',
  message: 'There is no such pipeline.',
};

const notNow = (message: string): Outcome => ({ ok: false, status: 409, code: 'not-allowed', message });
