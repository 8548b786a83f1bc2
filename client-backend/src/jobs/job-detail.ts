import type { JobDetail, JobLog } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { type JobId, ordinalOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import { doneChunk, failedAttempts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { newestStage, stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { backendKindOf } from '../kinds/registry.ts';
import { nameProgress } from '../live/job-feed.ts';
import type { Parts } from '../parts.ts';
import { labelChunks } from './chunk-labels.ts';
import { summarize } from './summaries.ts';

/** All that the job page shows at first; null when the owner has no such job. */
export async function jobDetail(parts: Parts, id: JobId): Promise<JobDetail | null> {
  const { db, balancer, live } = parts;
  const job = await findJob(db, id, parts.owner);
  const stage = await newestStage(db, id);
  if (job === undefined || stage === undefined) return null;
  const [summary] = await summarize(db, [job]);
  if (summary === undefined) return null;
  const described = backendKindOf(job.kind).describe(JSON.parse(job.spec_json), await firstResult(db, id));
  return {
    ...summary,
    ...described,
    stageId: stage.id,
    settings: job.settings_json === null ? null : JSON.parse(job.settings_json),
    notes: await listNotes(db, id),
    stitching: job.state === 'stitching' ? (live.stitchingOf(id) ?? 0) : null,
    progress: await nameProgress(db, stage.id, balancer.progress(id)),
  };
}

async function firstResult(db: Db, job: JobId): Promise<unknown> {
  const [first] = await stagesOf(db, job);
  const chunk = first === undefined ? undefined : await doneChunk(db, first.id, 0);
  return JSON.parse(chunk?.result_json ?? 'null');
}

const MOST_FAILURES = 200;

/** What was noted on the job, and the logs of the attempts that went wrong, newest first. */
export async function jobLog(parts: Parts, id: JobId): Promise<JobLog | null> {
  const job = await findJob(parts.db, id, parts.owner);
  if (job === undefined) return null;
  const failures = await failedAttempts(parts.db, id, MOST_FAILURES);
  const label = await labelChunks(
    parts.db,
    kindOf(job.kind),
    failures.map((attempt) => attempt.chunk),
  );
  return {
    notes: await listNotes(parts.db, id),
    failures: failures.map((attempt) => ({
      label: `${label(attempt.chunk)} on ${attempt.worker_name ?? attempt.worker}`,
      log:
        [attempt.failure_message, attempt.log].filter(Boolean).join('\n') ||
        `chunk ${ordinalOfChunk(attempt.chunk)}`,
    })),
  };
}
