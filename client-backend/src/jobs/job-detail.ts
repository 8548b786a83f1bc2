import type { JobLog } from '@parallel-pilot/shared/api/chunks.ts';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobDetail, JobNote } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { Submission } from '@parallel-pilot/shared/kinds/submissions.ts';
import { type JobId, LeaseId, ordinalOfChunk, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { Placement } from '@parallel-pilot/shared/model/placement.ts';
import type { ChunkProgress } from '@parallel-pilot/shared/protocol/control.ts';
import {
  type Attempt,
  failedAttempts,
  printedAttempts,
  workerNames,
} from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { dependenciesOf, dependentsOf } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { z } from 'zod';
import { backendKindOf } from '../kinds/registry.ts';
import { nameProgress } from '../live/job-feed.ts';
import type { Parts } from '../parts.ts';
import { labelChunks } from './chunk-labels.ts';
import { lostWorkerNotes } from './lost-workers.ts';
import { memoryNotes } from './memory-notes.ts';
import { summarize } from './summaries.ts';

/** All that the job page shows at first; null when the team has no such job. */
export async function jobDetail(parts: Parts, id: JobId, team: TeamId): Promise<JobDetail | null> {
  const { db, balancer, live } = parts;
  const job = await findJob(db, id, team);
  const stage = await newestStage(db, id);
  if (job === undefined || stage === undefined) return null;
  const [summary] = await summarize(parts, [job]);
  if (summary === undefined) return null;
  return {
    ...summary,
    after: (await dependenciesOf(db, [id])).get(id) ?? [],
    dependents: await dependentsOf(db, id),
    view: await backendKindOf(job.kind).view(parts, job, stage),
    stageId: stage.id,
    placement: await placementOf(db, job),
    span: { from: stage.span_from, to: stage.span_to },
    notes: await notesOf(parts, job),
    backgroundFraction:
      job.state === 'assembling' ? (live.backgroundFractionOf(id) ?? 0) : live.backgroundFractionOf(id),
    progress: await nameProgress(db, stage.id, balancer.progress(id).map(withFewLogs)),
  };
}

async function placementOf(db: Db, { placement_json }: JobRow): Promise<JobDetail['placement']> {
  if (placement_json === null) return null;
  const {
    pools = [],
    tags = [],
    workers = [],
    memoryBytes = null,
  } = Placement.parse(JSON.parse(placement_json));
  const names = await workerNames(db, workers);
  return { pools, tags, workers: workers.map((id) => ({ id, name: names.get(id) ?? id })), memoryBytes };
}

/** Those that were written, and what its leases tell. */
async function notesOf(parts: Parts, job: JobRow): Promise<JobNote[]> {
  const written = await listNotes(parts.db, job.id);
  return [...written, ...(await lostWorkerNotes(parts, job)), ...(await memoryNotes(parts, job))];
}

const MOST_LOGS = 100;

/** A thousand chunks under way print more than a page shows; of the others it hears when they print on. */
const withFewLogs = (progress: ChunkProgress, index: number): ChunkProgress =>
  index < MOST_LOGS ? progress : { ...progress, log: undefined };

const MOST_FAILURES = 200;
const MOST_PRINTS = 200;

/** What was noted on the job, the logs of the attempts that went wrong, newest first, and what all printed after `after`. */
export async function jobLog(
  parts: Parts,
  id: JobId,
  team: TeamId,
  after: string | null = null,
): Promise<JobLog | null> {
  const job = await findJob(parts.db, id, team);
  if (job === undefined) return null;
  const failures = await failedAttempts(parts.db, id, MOST_FAILURES);
  const label = await labelChunks(
    parts.db,
    kindOf(job.kind),
    failures.map((attempt) => attempt.chunk),
  );
  return {
    notes: await notesOf(parts, job),
    failures: failures.map((attempt) => ({
      label: `${label(attempt.chunk)} on ${attempt.worker_name ?? attempt.worker}`,
      log: wordsOf(attempt) || `chunk ${ordinalOfChunk(attempt.chunk)}`,
    })),
    ...(await printsOf(parts, job, after)),
  };
}

const wordsOf = ({ failure_message, log }: Attempt): string =>
  [failure_message, log].filter(Boolean).join('\n');

/** Before every attempt: where to ask on from while none has ended. */
const START = '0 lse_00000000';

/** `next` is null where nothing is ever printed for people. */
async function printsOf(
  { db }: Parts,
  { id, kind }: JobRow,
  after: string | null,
): Promise<Pick<JobLog, 'prints' | 'next'>> {
  if (!backendKindOf(kind).showsPrints) return { prints: [], next: null };
  const [endedAt, lease] = (after ?? START).split(' ');
  const from = { endedAt: Number(endedAt), lease: LeaseId.parse(lease) };
  const found = await printedAttempts(db, id, from, MOST_PRINTS);
  const chunks = found.map((attempt) => attempt.chunk);
  const label = await labelChunks(db, kindOf(kind), chunks);
  const last = found.at(-1);
  return {
    prints: found.map((attempt) => ({
      label: label(attempt.chunk),
      worker: attempt.worker_name ?? attempt.worker,
      endedAt: attempt.ended_at ?? 0,
      log: wordsOf(attempt),
    })),
    next: last === undefined ? (after ?? START) : `${last.ended_at} ${last.lease}`,
  };
}

/** What the job was submitted as, with the settings that were given later: to be submitted again, changed or not. */
export async function submissionOf(
  parts: Parts,
  id: JobId,
  team: TeamId,
): Promise<z.output<typeof CreateJob> | null> {
  const job = await findJob(parts.db, id, team);
  if (job === undefined) return null;
  const kind = kindOf(job.kind);
  const sent = Submission.parse(
    job.unprepared_json === null
      ? kind.submission(kind.spec.parse(JSON.parse(job.spec_json)))
      : JSON.parse(job.unprepared_json),
  );
  const given = job.given_json === null ? {} : JSON.parse(job.given_json);
  const settings = { ...sent.settings, ...given };
  const chosen = {
    ...(job.placement_json === null ? {} : { placement: JSON.parse(job.placement_json) }),
    ...(job.deadline === null ? {} : { deadline: job.deadline }),
    ...(job.asked_json === null ? {} : { asked: JSON.parse(job.asked_json) }),
  };
  return CreateJob.parse({ ...sent, settings, name: job.name, priority: job.priority, ...chosen });
}
