import { type ExpressionBuilder, type Insertable, type Selectable, sql } from 'kysely';
import { retryableCodes } from '../../kinds/failures.ts';
import type { ChunkId, JobId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import type { LeaseOutcome } from '../../model/lease.ts';
import type { Db } from './connect.ts';
import { givenIds, insertRows, updateRows } from './given-rows.ts';
import type { Database } from './schema/database.ts';
import type { LeasesTable } from './schema/jobs.ts';

export type LeaseRow = Selectable<LeasesTable>;

type NewLease = Pick<
  Insertable<LeasesTable>,
  'id' | 'chunk_id' | 'job_id' | 'worker_id' | 'purpose' | 'gang_size' | 'granted_at'
>;

export const insertLeases = (db: Db, rows: readonly NewLease[]): Promise<void> =>
  insertRows(db, 'leases', rows);

/** Gives back how many were open. */
export async function startLeases(db: Db, ids: LeaseId[], at: number): Promise<number> {
  const result = await db
    .updateTable('leases')
    .set({ started_at: at })
    .where('id', 'in', givenIds(db, ids))
    .where('outcome', 'is', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

export type EndedLease = {
  lease: LeaseId;
  /** Null where it is written already, or never began: all of those that end together, or none. */
  startedAt: number | null;
  failure: { code: string; message: string } | null;
  busyMs: number | null;
  peakMemoryBytes: number | null;
  log: string | null;
  /** Of one that is done; the checkpoint of one that was taken back is its file. */
  result: { json: string; filesJson: string } | null;
};

/** Ends leases that are open, all with one outcome; gives back how many were. About a thousand at a time. */
export function endLeases(
  db: Db,
  outcome: LeaseOutcome,
  ended: readonly EndedLease[],
  at: number,
): Promise<number> {
  const began = ended.some(({ startedAt }) => startedAt !== null);
  const hasResult = outcome === 'done' || outcome === 'preempted';
  const hasFailed = outcome === 'failed' || outcome === 'expired';
  const rows = ended.map(({ lease, startedAt, failure, busyMs, peakMemoryBytes, log, result }) => ({
    id: lease,
    busy_ms: busyMs,
    peak_memory_bytes: peakMemoryBytes,
    log,
    ...(began && { started_at: startedAt }),
    ...(hasResult && { result_json: result?.json ?? null, files_json: result?.filesJson ?? null }),
    ...(hasFailed && { failure_code: failure?.code ?? null, failure_message: failure?.message ?? null }),
  }));
  // Open is asked by the outcome: by the end it would be looked up among all that are open.
  return updateRows(db, 'leases', rows, { all: { outcome, ended_at: at }, where: sql`outcome is null` });
}

/** What it made is not wanted: its files may go. */
export async function dropResult(db: Db, lease: LeaseId): Promise<void> {
  await db
    .updateTable('leases')
    .set({ result_json: null, files_json: null })
    .where('id', '=', lease)
    .execute();
}

export type OpenLeaseRow = Pick<
  LeaseRow,
  'id' | 'chunk_id' | 'worker_id' | 'purpose' | 'gang_size' | 'started_at'
>;

/** Leases of a job that have not ended, in the order in which they were granted: as many as its workers have room for. */
export const openLeases = (db: Db, job: JobId): Promise<OpenLeaseRow[]> =>
  db
    .selectFrom('leases')
    .select(['id', 'chunk_id', 'worker_id', 'purpose', 'gang_size', 'started_at'])
    .where('job_id', '=', job)
    .where('outcome', 'is', null)
    .orderBy('granted_at')
    .execute();

/** Those of a stage's chunks: their ids start with its own and a dot; '/' is the character after the dot. */
export const ofStage = (stage: StageId) => (eb: ExpressionBuilder<Database, 'leases'>) =>
  eb.and([eb('chunk_id', '>', `${stage}.` as ChunkId), eb('chunk_id', '<', `${stage}/` as ChunkId)]);

/** Leases of the stage that were taken back while they ran, the oldest first, with what they left as JSON text. */
export const preemptedLeases = (
  db: Db,
  stage: StageId,
): Promise<Pick<LeaseRow, 'id' | 'chunk_id' | 'files_json'>[]> =>
  db
    .selectFrom('leases')
    .select(['id', 'chunk_id', 'files_json'])
    .where(ofStage(stage))
    .where('outcome', '=', 'preempted')
    .orderBy('ended_at')
    .execute();

/** What leases of a chunk that were taken back left, as JSON text (ResultFile[]). */
export async function checkpointFiles(db: Db, chunk: ChunkId): Promise<string[]> {
  const rows = await db
    .selectFrom('leases')
    .select('files_json')
    .where('chunk_id', '=', chunk)
    .where('outcome', '=', 'preempted')
    .where('files_json', 'is not', null)
    .execute();
  return rows.map((row) => row.files_json ?? '[]');
}

/** How these leases ended: null while open, absent where there never was one. */
export async function outcomesOf(db: Db, ids: LeaseId[]): Promise<Map<LeaseId, LeaseOutcome | null>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('leases').select(['id', 'outcome']).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row.outcome]));
}

export type JobFailure = {
  chunk_id: ChunkId;
  worker_id: WorkerId;
  failure_code: string | null;
  failure_message: string | null;
  peak_memory_bytes: number | null;
};

/**
 * What went wrong on which worker in a job, oldest first, at most 5,000: chunks
 * that a user has set back to the start (attempts at 0) are forgiven.
 */
export const failuresOfJob = (db: Db, job: JobId): Promise<JobFailure[]> =>
  db
    .selectFrom('leases as l')
    .innerJoin('chunks as c', 'c.id', 'l.chunk_id')
    .select(['l.chunk_id', 'l.worker_id', 'l.failure_code', 'l.failure_message', 'l.peak_memory_bytes'])
    .where('l.job_id', '=', job)
    .where('l.outcome', '=', 'failed')
    .where('l.failure_code', 'in', retryable)
    .where('c.attempts', '>', 0)
    .orderBy('l.ended_at')
    .limit(5_000)
    .execute();

const retryable = retryableCodes();

/** Those of the workers that have finished a chunk of the job, and one of the others if any has. */
export async function succeededWorkers(db: Db, job: JobId, workers: WorkerId[]): Promise<WorkerId[]> {
  const done = db
    .selectFrom('leases')
    .select('worker_id')
    .where('job_id', '=', job)
    .where('outcome', '=', 'done');
  const found: WorkerId[] = [];
  for (const worker of workers) {
    const row = await done.where('worker_id', '=', worker).limit(1).executeTakeFirst();
    if (row !== undefined) found.push(row.worker_id);
  }
  const other = await done.where('worker_id', 'not in', workers).limit(1).executeTakeFirst();
  return other === undefined ? found : [...found, other.worker_id];
}

/** Milliseconds that finished chunks of the stage took, at most 500 of them. */
export async function busyTimes(db: Db, stage: StageId): Promise<number[]> {
  const rows = await db
    .selectFrom('leases')
    .select('busy_ms')
    .where(ofStage(stage))
    .where('outcome', '=', 'done')
    .limit(500)
    .execute();
  return rows.map((row) => row.busy_ms ?? 0);
}

/** The most memory that one of 500 finished chunks of the stage was seen to use; 0 where none was looked at. */
export async function memorySeen(db: Db, stage: StageId): Promise<number> {
  const rows = await db
    .selectFrom('leases')
    .select('peak_memory_bytes')
    .where(ofStage(stage))
    .where('outcome', '=', 'done')
    .limit(500)
    .execute();
  return rows.reduce((most, row) => Math.max(most, row.peak_memory_bytes ?? 0), 0);
}
