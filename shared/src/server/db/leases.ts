import type { Insertable, Selectable } from 'kysely';
import { retryableCodes } from '../../kinds/failures.ts';
import type { ChunkId, JobId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import { caseById } from './case-by-id.ts';
import type { Db } from './connect.ts';
import type { LeasesTable } from './schema.ts';

export type LeaseRow = Selectable<LeasesTable>;
export type LeaseOutcome = NonNullable<LeaseRow['outcome']>;

type NewLease = Pick<Insertable<LeasesTable>, 'id' | 'chunk_id' | 'job_id' | 'worker_id' | 'granted_at'>;

export async function insertLeases(db: Db, rows: NewLease[]): Promise<void> {
  await db.insertInto('leases').values(rows).execute();
}

export async function startLeases(db: Db, ids: LeaseId[], at: number): Promise<void> {
  await db.updateTable('leases').set({ started_at: at }).where('id', 'in', ids).execute();
}

export type EndedLease = {
  lease: LeaseId;
  failure: { code: string; message: string } | null;
  busyMs: number | null;
  log: string | null;
};

/** Ends leases that are open, all with one outcome; gives back how many were. About a hundred at a time. */
export async function endLeases(
  db: Db,
  outcome: LeaseOutcome,
  ended: EndedLease[],
  at: number,
): Promise<number> {
  const result = await db
    .updateTable('leases')
    .set({
      outcome,
      ended_at: at,
      failure_code: caseById(ended.map((it) => [it.lease, it.failure?.code ?? null])),
      failure_message: caseById(ended.map((it) => [it.lease, it.failure?.message ?? null])),
      busy_ms: caseById(ended.map((it) => [it.lease, it.busyMs])),
      log: caseById(ended.map((it) => [it.lease, it.log])),
    })
    .where(
      'id',
      'in',
      ended.map((it) => it.lease),
    )
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
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
};

/**
 * What went wrong on which worker in a job, oldest first, at most 5,000: chunks
 * that a user has set back to the start (attempts at 0) are forgiven.
 */
export const failuresOfJob = (db: Db, job: JobId): Promise<JobFailure[]> =>
  db
    .selectFrom('leases as l')
    .innerJoin('chunks as c', 'c.id', 'l.chunk_id')
    .select(['l.chunk_id', 'l.worker_id', 'l.failure_code', 'l.failure_message'])
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
    // Ids of a stage's chunks start with its own and a dot; '/' is the character after the dot.
    .where('chunk_id', '>', `${stage}.` as ChunkId)
    .where('chunk_id', '<', `${stage}/` as ChunkId)
    .where('outcome', '=', 'done')
    .limit(500)
    .execute();
  return rows.map((row) => row.busy_ms ?? 0);
}
