import type { Counts, JobList, JobListQuery, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { JobId, type OwnerId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import {
  countChunks,
  type FinishedChunk,
  recentlyDone,
  type StageCounts,
} from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { countJobs, type JobHead, listJobs } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStages, type StageHead } from '@parallel-pilot/shared/server/db/stages.ts';
import type { z } from 'zod';
import { backendKindOf } from '../kinds/registry.ts';
import { etaSeconds } from './eta.ts';

/** How many finished chunks the estimate of the remaining time looks at. */
const MEASURED = 40;

/** One page of the owner's jobs, newest first, in five queries however long it is. */
export async function jobListPage(
  db: Db,
  owner: OwnerId,
  query: z.output<typeof JobListQuery>,
  now: number,
): Promise<JobList> {
  const filter = { owner, state: query.state, group: query.group };
  const after = readCursor(query.cursor);
  const rows = await listJobs(db, filter, { limit: query.limit + 1, after });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    jobs: await summarize(db, page, now),
    next: rows.length > page.length && last !== undefined ? `${last.created_at}.${last.id}` : null,
    total: await countJobs(db, filter),
  };
}

// A cursor that was tampered with starts from the beginning.
function readCursor(cursor: string | undefined): { createdAt: number; id: JobId } | null {
  const [time = '', id] = cursor?.split('.') ?? [];
  const job = JobId.safeParse(id);
  return /^\d{1,16}$/.test(time) && job.success ? { createdAt: Number(time), id: job.data } : null;
}

/** The list's view of these jobs, in their order. */
export async function summarize(db: Db, jobs: JobHead[], now: number): Promise<JobSummary[]> {
  const stages = await newestStages(
    db,
    jobs.map((job) => job.id),
  );
  // A completed job's chunks are all done: 100,000 of them need not be counted to know it.
  const open = jobs.filter((job) => job.state !== 'completed').flatMap((job) => stages.get(job.id) ?? []);
  const counts = await countChunks(
    db,
    open.map((stage) => stage.id),
  );
  const begun = open.filter((stage) => (counts.get(stage.id)?.done ?? 0) > 0).map((stage) => stage.id);
  const finished = new Map<StageId, FinishedChunk[]>();
  for (const chunk of await recentlyDone(db, begun, MEASURED)) {
    finished.set(chunk.stage_id, [...(finished.get(chunk.stage_id) ?? []), chunk]);
  }
  return jobs.map((job) => {
    const stage = stages.get(job.id);
    const known = stage === undefined ? {} : (counts.get(stage.id) ?? { done: stage.chunk_count });
    return summary(job, stage, known, finished.get(stage?.id as StageId) ?? [], now);
  });
}

function summary(
  job: JobHead,
  stage: StageHead | undefined,
  counts: StageCounts,
  finished: FinishedChunk[],
  now: number,
): JobSummary {
  const total = stage?.chunk_count ?? 0;
  const withImages = stage !== undefined && backendKindOf(job.kind).images?.stage === stage.name;
  const newest = job.state === 'completed' ? total - 1 : finished[0]?.ordinal;
  return {
    id: job.id,
    kind: job.kind,
    name: job.name,
    state: job.state,
    priority: job.priority,
    createdAt: job.created_at,
    updatedAt: job.updated_at,
    finishedAt: job.finished_at,
    stage: stage?.name ?? '',
    counts: countsOf(total, counts),
    fraction: job.state === 'completed' ? 1 : fractionOf(stage, counts),
    group: job.group_id,
    etaSeconds: isGrantable(job.state) ? remaining(job, stage, counts, finished, now) : null,
    newest: withImages ? (newest ?? null) : null,
    problem:
      job.state === 'failed'
        ? { code: job.state_code ?? 'unexpected', message: job.state_message ?? 'The job failed.' }
        : null,
  };
}

/** How much of the whole job is done, by the part of it that its newest stage is. */
function fractionOf(stage: StageHead | undefined, counts: StageCounts): number {
  if (stage === undefined) return 0;
  const done = stage.chunk_count === 0 ? 0 : (counts.done ?? 0) / stage.chunk_count;
  return Math.min(1, stage.span_from + (stage.span_to - stage.span_from) * done);
}

// Where a stage is all there is, its chunks tell; where it is one of many, the pace of the whole job so far does.
function remaining(
  job: JobHead,
  stage: StageHead | undefined,
  counts: StageCounts,
  finished: FinishedChunk[],
  now: number,
): number | null {
  if (stage === undefined || stage.span_to - stage.span_from === 1) return etaSeconds(counts, finished);
  const fraction = fractionOf(stage, counts);
  return fraction === 0 ? null : ((now - job.created_at) * (1 - fraction)) / fraction / 1_000;
}

const countsOf = (total: number, counts: StageCounts): Counts => ({
  total,
  queued: counts.queued ?? 0,
  leased: counts.leased ?? 0,
  running: counts.running ?? 0,
  done: counts.done ?? 0,
  failed: counts.failed ?? 0,
  canceled: counts.canceled ?? 0,
});
