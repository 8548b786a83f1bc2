import { type Selectable, sql } from 'kysely';
import type { ChunkStatus } from '../../model/chunk.ts';
import type { ChunkId, JobId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { ChunksTable, WorkersTable } from './schema.ts';

export type ChunkRow = Selectable<ChunksTable>;
export type StageCounts = Partial<Record<ChunkStatus, number>>;

/** Chunks by state for each of these stages, in one query over one index. */
export async function countChunks(db: Db, stages: StageId[]): Promise<Map<StageId, StageCounts>> {
  const counts = new Map<StageId, StageCounts>(stages.map((stage) => [stage, {}]));
  if (stages.length === 0) return counts;
  const rows = await db
    .selectFrom('chunks')
    .select((eb) => ['stage_id', 'state', eb.fn.countAll().as('count')])
    .where('stage_id', 'in', stages)
    .groupBy(['stage_id', 'state'])
    .execute();
  for (const row of rows) {
    const of = counts.get(row.stage_id);
    if (of !== undefined) of[row.state] = Number(row.count);
  }
  return counts;
}

export type FinishedChunk = {
  stage_id: StageId;
  ordinal: number;
  started_at: number | null;
  finished_at: number | null;
};

/** The done chunks of each stage that finished last, newest first, at most `limit` for each. */
export async function recentlyDone(db: Db, stages: StageId[], limit: number): Promise<FinishedChunk[]> {
  if (stages.length === 0) return [];
  return db
    .selectFrom((eb) =>
      eb
        .selectFrom('chunks')
        .select([
          'stage_id',
          'ordinal',
          'started_at',
          'finished_at',
          sql<number>`row_number() over (partition by stage_id order by finished_at desc)`.as('place'),
        ])
        .where('stage_id', 'in', stages)
        .where('state', '=', 'done')
        .as('recent'),
    )
    .select(['stage_id', 'ordinal', 'started_at', 'finished_at'])
    .where('place', '<=', limit)
    .orderBy('place')
    .execute();
}

export type ListedChunk = Omit<ChunkRow, 'result_json' | 'files_json'> & { worker_name: string | null };

const listed = (db: Db) =>
  db
    .selectFrom('chunks as c')
    .leftJoin('workers as w', 'w.id', 'c.worker_id')
    .select([
      'c.id',
      'c.stage_id',
      'c.job_id',
      'c.ordinal',
      'c.spec_json',
      'c.state',
      'c.attempts',
      'c.lease_id',
      'c.worker_id',
      'c.started_at',
      'c.finished_at',
      'c.failure_code',
      'c.failure_message',
      'w.name as worker_name',
    ]);

export function listChunks(
  db: Db,
  stage: StageId,
  page: { state: ChunkStatus | undefined; offset: number; limit: number },
): Promise<ListedChunk[]> {
  let query = listed(db).where('c.stage_id', '=', stage);
  if (page.state !== undefined) query = query.where('c.state', '=', page.state);
  return query.orderBy('c.ordinal').offset(page.offset).limit(page.limit).execute();
}

export const findChunk = (db: Db, stage: StageId, ordinal: number): Promise<ListedChunk | undefined> =>
  listed(db).where('c.stage_id', '=', stage).where('c.ordinal', '=', ordinal).executeTakeFirst();

/** States of the next chunks of a stage from ordinal `from` on: 100,000 are read in pages. */
export async function chunkStates(
  db: Db,
  stage: StageId,
  from: number,
  limit: number,
): Promise<ChunkStatus[]> {
  const rows = await db
    .selectFrom('chunks')
    .select('state')
    .where('stage_id', '=', stage)
    .where('ordinal', '>=', from)
    .orderBy('ordinal')
    .limit(limit)
    .execute();
  return rows.map((row) => row.state);
}

/** Specs of these chunks, by ordinal. */
export async function chunkSpecs(db: Db, stage: StageId, ordinals: number[]): Promise<Map<number, unknown>> {
  if (ordinals.length === 0) return new Map();
  const rows = await db
    .selectFrom('chunks')
    .select(['ordinal', 'spec_json'])
    .where('stage_id', '=', stage)
    .where('ordinal', 'in', ordinals)
    .execute();
  return new Map(rows.map((row) => [row.ordinal, JSON.parse(row.spec_json)]));
}

export type Attempt = {
  lease: LeaseId;
  chunk: ChunkId;
  worker: WorkerId;
  worker_name: string | null;
  granted_at: number;
  started_at: number | null;
  ended_at: number | null;
  outcome: string | null;
  busy_ms: number | null;
  failure_code: string | null;
  failure_message: string | null;
  log: string | null;
};

const attempts = (db: Db) =>
  db
    .selectFrom('leases as l')
    .leftJoin('workers as w', 'w.id', 'l.worker_id')
    .select([
      'l.id as lease',
      'l.chunk_id as chunk',
      'l.worker_id as worker',
      'w.name as worker_name',
      'l.granted_at',
      'l.started_at',
      'l.ended_at',
      'l.outcome',
      'l.busy_ms',
      'l.failure_code',
      'l.failure_message',
      'l.log',
    ]);

/** Every attempt of these chunks, oldest first. */
export async function attemptsOf(db: Db, chunks: ChunkId[]): Promise<Attempt[]> {
  if (chunks.length === 0) return [];
  return attempts(db).where('l.chunk_id', 'in', chunks).orderBy('l.granted_at').execute();
}

/** Attempts of a job that are over and left a log, in the order in which they ended, those after `after`. */
export const printedAttempts = (
  db: Db,
  job: JobId,
  after: { endedAt: number; lease: LeaseId },
  limit: number,
): Promise<Attempt[]> =>
  attempts(db)
    .where('l.job_id', '=', job)
    .where('l.log', '!=', '')
    .where((eb) =>
      eb.or([
        eb('l.ended_at', '>', after.endedAt),
        eb.and([eb('l.ended_at', '=', after.endedAt), eb('l.id', '>', after.lease)]),
      ]),
    )
    .orderBy('l.ended_at')
    .orderBy('l.id')
    .limit(limit)
    .execute();

/** The newest attempts of a job that went wrong, newest first. */
export const failedAttempts = (db: Db, job: JobId, limit: number): Promise<Attempt[]> =>
  attempts(db)
    .where('l.job_id', '=', job)
    .where('l.outcome', 'in', ['failed', 'expired'])
    .orderBy('l.granted_at', 'desc')
    .limit(limit)
    .execute();

/** The newest attempts of a job whose worker was lost, newest first. */
export const lostAttempts = (db: Db, job: JobId, limit: number): Promise<Attempt[]> =>
  attempts(db)
    .where('l.job_id', '=', job)
    .where('l.outcome', '=', 'expired')
    .orderBy('l.ended_at', 'desc')
    .limit(limit)
    .execute();

export type Span = Omit<Attempt, 'failure_code' | 'failure_message' | 'log'>;

/** The newest spans of work on a job, newest first. */
export function listSpans(db: Db, job: JobId, limit: number): Promise<Span[]> {
  return db
    .selectFrom((eb) =>
      eb
        .selectFrom('leases')
        .select(['id', 'chunk_id', 'worker_id', 'granted_at', 'started_at', 'ended_at', 'outcome', 'busy_ms'])
        .where('job_id', '=', job)
        .orderBy('granted_at', 'desc')
        .limit(limit)
        .as('l'),
    )
    .leftJoin('workers as w', 'w.id', 'l.worker_id')
    .select([
      'l.id as lease',
      'l.chunk_id as chunk',
      'l.worker_id as worker',
      'w.name as worker_name',
      'l.granted_at',
      'l.started_at',
      'l.ended_at',
      'l.outcome',
      'l.busy_ms',
    ])
    .orderBy('l.granted_at', 'desc')
    .execute();
}

export type FailedRow = Pick<ChunkRow, 'id' | 'ordinal' | 'spec_json' | 'failure_code' | 'failure_message'>;

/** The first failed chunks of a stage, by ordinal. */
export const failedChunks = (db: Db, stage: StageId, limit: number): Promise<FailedRow[]> =>
  db
    .selectFrom('chunks')
    .select(['id', 'ordinal', 'spec_json', 'failure_code', 'failure_message'])
    .where('stage_id', '=', stage)
    .where('state', '=', 'failed')
    .orderBy('ordinal')
    .limit(limit)
    .execute();

export type DoneChunk = Pick<
  ChunkRow,
  'id' | 'ordinal' | 'spec_json' | 'result_json' | 'files_json' | 'lease_id'
>;

/** The next done chunks of a stage after `after` (-1 from the start), by ordinal: whole stages are read in pages. */
export const doneChunks = (db: Db, stage: StageId, after: number, limit: number): Promise<DoneChunk[]> =>
  db
    .selectFrom('chunks')
    .select(['id', 'ordinal', 'spec_json', 'result_json', 'files_json', 'lease_id'])
    .where('stage_id', '=', stage)
    .where('ordinal', '>', after)
    .where('state', '=', 'done')
    .orderBy('ordinal')
    .limit(limit)
    .execute();

/** One done chunk with what it made. */
export const doneChunk = (db: Db, stage: StageId, ordinal: number): Promise<DoneChunk | undefined> =>
  db
    .selectFrom('chunks')
    .select(['id', 'ordinal', 'spec_json', 'result_json', 'files_json', 'lease_id'])
    .where('stage_id', '=', stage)
    .where('ordinal', '=', ordinal)
    .where('state', '=', 'done')
    .executeTakeFirst();

/** When the first of the stage's chunks was started; null before. */
export async function firstStart(db: Db, stage: StageId): Promise<number | null> {
  const row = await db
    .selectFrom('chunks')
    .select((eb) => eb.fn.min('started_at').as('first'))
    .where('stage_id', '=', stage)
    .executeTakeFirst();
  return row?.first === null || row?.first === undefined ? null : Number(row.first);
}

/** Files of all chunks that have some, or of those of one job, as JSON text, in pages by id. */
export async function chunkFiles(
  db: Db,
  after: string,
  limit: number,
  job?: JobId,
): Promise<{ id: ChunkId; files_json: string }[]> {
  const rows = await db
    .selectFrom('chunks')
    .select(['id', 'files_json'])
    .$if(job !== undefined, (query) => query.where('job_id', '=', job as JobId))
    .where('files_json', 'is not', null)
    .where('id', '>', after as ChunkId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id, files_json }) => ({ id, files_json: files_json ?? '' }));
}

/** Files of the done chunks of these stages that have some, as JSON text. */
export async function filesOfStages(
  db: Db,
  stages: StageId[],
): Promise<{ stage_id: StageId; files_json: string }[]> {
  if (stages.length === 0) return [];
  const rows = await db
    .selectFrom('chunks')
    .select(['stage_id', 'files_json'])
    .where('stage_id', 'in', stages)
    .where('state', '=', 'done')
    .where('files_json', 'is not', null)
    .execute();
  return rows.map(({ stage_id, files_json }) => ({ stage_id, files_json: files_json ?? '[]' }));
}

/** Files of the chunks that finished since then, as JSON text. */
export const chunkFilesSince = (db: Db, since: number): Promise<{ files_json: string | null }[]> =>
  db
    .selectFrom('chunks')
    .select('files_json')
    .where('finished_at', '>=', since)
    .where('files_json', 'is not', null)
    .execute();

/** Names and capabilities of the workers that are connected now. */
export type FleetRow = Pick<
  Selectable<WorkersTable>,
  'id' | 'name' | 'capabilities_json' | 'person_id' | 'team_id' | 'works_for'
>;

const fleet = (db: Db) =>
  db
    .selectFrom('workers')
    .select(['id', 'name', 'capabilities_json', 'person_id', 'team_id', 'works_for'])
    .where('disabled_at', 'is', null)
    .where('revoked_at', 'is', null);

/** Workers that are connected now and may be given work. */
export const onlineWorkers = (db: Db): Promise<FleetRow[]> =>
  fleet(db).where('status', '=', 'online').execute();

/** Those, and such that were seen since then. */
export const workersSeenSince = (db: Db, since: number): Promise<FleetRow[]> =>
  fleet(db)
    .where((eb) => eb.or([eb('status', '=', 'online'), eb('last_seen_at', '>=', since)]))
    .execute();

export async function workerNames(db: Db, ids: WorkerId[]): Promise<Map<WorkerId, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('workers').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}
