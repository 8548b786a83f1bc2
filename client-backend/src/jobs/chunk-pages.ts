import { setImmediate as pause } from 'node:timers/promises';
import type {
  ChunkDetail,
  ChunkList,
  ChunkListQuery,
  ChunkStates,
  ChunkView,
  Timeline,
} from '@parallel-pilot/shared/api/chunks.ts';
import { STATE_LETTERS } from '@parallel-pilot/shared/api/state-letters.ts';
import type { Kind } from '@parallel-pilot/shared/kinds/kind.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { type JobId, ordinalOfChunk, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import {
  type Attempt,
  attemptsOf,
  chunkStates,
  countChunks,
  findChunk,
  type ListedChunk,
  listChunks,
  listSpans,
} from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead, type JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { z } from 'zod';
import { numbersOfStage } from '../kinds/stage-numbers.ts';
import type { Parts } from '../parts.ts';
import { labelChunks } from './chunk-labels.ts';

/** A page of the newest stage's chunks; null when the team has no such job. */
export async function chunkListPage(
  parts: Parts,
  id: JobId,
  team: TeamId,
  query: z.output<typeof ChunkListQuery>,
): Promise<ChunkList | null> {
  const found = await newest(parts, id, team);
  if (found === null) return null;
  const { stage, kind } = found;
  const { state, offset, limit } = query;
  const rows = await listChunks(parts.db, stage.id, { state, offset, limit });
  const counts = state === undefined ? null : (await countChunks(parts.db, [stage.id])).get(stage.id);
  const total = state === undefined ? stage.chunk_count : (counts?.[state] ?? 0);
  return { chunks: rows.map((row) => viewOf(kind, stage, row)), total };
}

/** One letter for each chunk of the newest stage. */
export async function chunkStatesPage(parts: Parts, id: JobId, team: TeamId): Promise<ChunkStates | null> {
  const found = await newest(parts, id, team);
  if (found === null) return null;
  const { kind, stage } = found;
  return {
    stage: stage.id,
    name: stage.name,
    states: await letters(parts, stage),
    numbers: numbersOfStage(kind, stage),
  };
}

// In pages, so that the rows of one are garbage before the next are read: memory stays flat however long the job.
async function letters(parts: Parts, stage: StageRow): Promise<string> {
  let text = '';
  for (let from = 0; from < stage.chunk_count; from += LETTERS) {
    const states = await chunkStates(parts.db, stage.id, from, LETTERS);
    text += states.map((state) => STATE_LETTERS[state]).join('');
    // Other requests and sockets have their turn in between.
    await pause();
  }
  return text;
}

const LETTERS = 5_000;

/** A chunk with every attempt and its log; null when there is no such job or chunk. */
export async function chunkDetail(
  parts: Parts,
  id: JobId,
  team: TeamId,
  ordinal: number,
): Promise<ChunkDetail | null> {
  const found = await newest(parts, id, team);
  const row = found === null ? undefined : await findChunk(parts.db, found.stage.id, ordinal);
  if (found === null || row === undefined) return null;
  const attempts = await attemptsOf(parts.db, [row.id]);
  return { ...viewOf(found.kind, found.stage, row), attemptsMade: attempts.map(attemptView) };
}

/** The newest spans of work that were begun, oldest first, for a picture of worker x time. */
export async function timeline(
  parts: Parts,
  id: JobId,
  team: TeamId,
  limit: number,
): Promise<Timeline | null> {
  const job = await findJobHead(parts.db, id, team);
  if (job === undefined) return null;
  const spans = (await listSpans(parts.db, id, limit)).reverse();
  const label = await labelChunks(
    parts.db,
    kindOf(job.kind),
    spans.map((span) => span.chunk),
  );
  return {
    spans: spans.flatMap((span) =>
      span.started_at === null
        ? []
        : [
            {
              worker: span.worker,
              workerName: span.worker_name ?? span.worker,
              ordinal: ordinalOfChunk(span.chunk),
              label: label(span.chunk),
              from: span.started_at,
              // The slot was free again after `busy_ms`; the lease ended when the result was stored.
              to: span.busy_ms === null ? span.ended_at : span.started_at + Math.round(span.busy_ms),
              purpose: span.purpose,
              outcome: span.outcome,
            },
          ],
    ),
  };
}

type Found = { job: JobHead; stage: StageRow; kind: Kind<unknown> };

async function newest(parts: Parts, id: JobId, team: TeamId): Promise<Found | null> {
  const job = await findJobHead(parts.db, id, team);
  const stage = job === undefined ? undefined : await newestStage(parts.db, id);
  return job === undefined || stage === undefined ? null : { job, stage, kind: kindOf(job.kind) };
}

function viewOf(kind: Kind<unknown>, stage: StageRow, row: ListedChunk): ChunkView {
  const spec: unknown = JSON.parse(row.spec_json);
  return {
    id: row.id,
    ordinal: row.ordinal,
    label: kind.label(stage.name, spec),
    number: numbersOfStage(kind, stage)?.[row.ordinal] ?? null,
    state: row.state,
    attempts: row.attempts,
    worker: row.worker_id === null ? null : { id: row.worker_id, name: row.worker_name ?? row.worker_id },
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    problem: problemOf(row),
  };
}

const attemptView = (attempt: Attempt): ChunkDetail['attemptsMade'][number] => ({
  lease: attempt.lease,
  worker: { id: attempt.worker, name: attempt.worker_name ?? attempt.worker },
  grantedAt: attempt.granted_at,
  startedAt: attempt.started_at,
  endedAt: attempt.ended_at,
  purpose: attempt.purpose,
  outcome: attempt.outcome,
  problem: problemOf(attempt),
  log: attempt.log,
});

const problemOf = (row: { failure_code: string | null; failure_message: string | null }) =>
  row.failure_code === null ? null : { code: row.failure_code, message: row.failure_message ?? '' };
