import { type Selectable, sql } from 'kysely';
import type { ChunkStatus } from '../../model/chunk.ts';
import type { ChunkId, JobId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import type { LeaseOutcome, LeasePurpose } from '../../model/lease.ts';
import type { Db } from './connect.ts';
import type { LeaseRow } from './leases.ts';
import type { ChunksTable } from './schema/jobs.ts';
import type { WorkersTable } from './schema/workers.ts';

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

export type ListedChunk = ChunkRow & { worker_id: WorkerId | null; worker_name: string | null };

/** With the worker that made it; of one that is held, the worker that was given it first. */
const listed = (db: Db) =>
  db
    .selectFrom('chunks as c')
    .leftJoin('leases as l', (join) =>
      join.on((eb) =>
        eb(
          'l.id',
          '=',
          eb.fn.coalesce(
            'c.accepted_lease_id',
            eb
              .selectFrom('leases as open')
              .select('open.id')
              .whereRef('open.chunk_id', '=', 'c.id')
              .where('open.outcome', 'is', null)
              .orderBy('open.granted_at')
              .limit(1),
          ),
        ),
      ),
    )
    .leftJoin('workers as w', 'w.id', 'l.worker_id')
    .selectAll('c')
    .select(['l.worker_id', 'w.name as worker_name']);

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
  outcome: LeaseOutcome | null;
  busy_ms: number | null;
  failure_code: string | null;
  failure_message: string | null;
  log: string | null;
  purpose: LeasePurpose;
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
      'l.purpose',
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

/** The newest attempts of a job that ended for want of memory, newest first. */
export const attemptsShortOfMemory = (db: Db, job: JobId, limit: number) =>
  db
    .selectFrom('leases as l')
    .leftJoin('workers as w', 'w.id', 'l.worker_id')
    .select([
      'l.chunk_id as chunk',
      'l.worker_id as worker',
      'w.name as worker_name',
      'l.ended_at',
      'l.peak_memory_bytes',
    ])
    .where('l.job_id', '=', job)
    .where('l.failure_code', '=', 'out-of-memory')
    .where('l.peak_memory_bytes', '>', 0)
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
        .select([
          'id',
          'chunk_id',
          'worker_id',
          'granted_at',
          'started_at',
          'ended_at',
          'outcome',
          'busy_ms',
          'purpose',
        ])
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
      'l.purpose',
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

export type DoneChunk = Pick<ChunkRow, 'id' | 'ordinal' | 'spec_json' | 'accepted_lease_id'> &
  Pick<LeaseRow, 'result_json' | 'files_json'>;

// With what its accepted lease made.
const done = (db: Db) =>
  db
    .selectFrom('chunks as c')
    .innerJoin('leases as l', 'l.id', 'c.accepted_lease_id')
    .where('c.state', '=', 'done')
    .select(['c.id', 'c.ordinal', 'c.spec_json', 'c.accepted_lease_id', 'l.result_json', 'l.files_json']);

/** The next done chunks of a stage after `after` (-1 from the start), by ordinal: whole stages are read in pages. */
export const doneChunks = (db: Db, stage: StageId, after: number, limit: number): Promise<DoneChunk[]> =>
  done(db)
    .where('c.stage_id', '=', stage)
    .where('c.ordinal', '>', after)
    .orderBy('c.ordinal')
    .limit(limit)
    .execute();

/** One done chunk with what it made. */
export const doneChunk = (db: Db, stage: StageId, ordinal: number): Promise<DoneChunk | undefined> =>
  done(db).where('c.stage_id', '=', stage).where('c.ordinal', '=', ordinal).executeTakeFirst();

/** When the first of the stage's chunks was started; null before. */
export async function firstStart(db: Db, stage: StageId): Promise<number | null> {
  const row = await db
    .selectFrom('chunks')
    .select((eb) => eb.fn.min('started_at').as('first'))
    .where('stage_id', '=', stage)
    .executeTakeFirst();
  return row?.first === null || row?.first === undefined ? null : Number(row.first);
}

/** Files of all results that have some, or of those of one job, as JSON text, in pages by id. */
export async function resultFiles(
  db: Db,
  after: string,
  limit: number,
  job?: JobId,
): Promise<{ id: LeaseId; files_json: string }[]> {
  const rows = await db
    .selectFrom('leases')
    .select(['id', 'files_json'])
    .$if(job !== undefined, (query) => query.where('job_id', '=', job as JobId))
    .where('files_json', 'is not', null)
    .where('id', '>', after as LeaseId)
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
    .selectFrom('chunks as c')
    .innerJoin('leases as l', 'l.id', 'c.accepted_lease_id')
    .select(['c.stage_id', 'l.files_json'])
    .where('c.stage_id', 'in', stages)
    .where('c.state', '=', 'done')
    .where('l.files_json', 'is not', null)
    .execute();
  return rows.map(({ stage_id, files_json }) => ({ stage_id, files_json: files_json ?? '[]' }));
}

/** Files of the results that came since then, as JSON text. */
export const resultFilesSince = (db: Db, since: number): Promise<{ files_json: string | null }[]> =>
  db
    .selectFrom('leases')
    .select('files_json')
    .where('ended_at', '>=', since)
    .where('files_json', 'is not', null)
    .execute();

/** Names and capabilities of the workers that are connected now. */
const OF_FLEET = [
  'id',
  'name',
  'label',
  'capabilities_json',
  'machine_json',
  'person_id',
  'team_id',
  'works_for',
  'tags_json',
  'pools_json',
  'said_tags_json',
  'said_pools_json',
] as const;
export type FleetRow = Pick<Selectable<WorkersTable>, (typeof OF_FLEET)[number]>;

const fleet = (db: Db) =>
  db.selectFrom('workers').select(OF_FLEET).where('disabled_at', 'is', null).where('revoked_at', 'is', null);

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

/** What these chunks are: of which kind and stage, with their specs. */
export async function namedChunks(db: Db, ids: ChunkId[]) {
  if (ids.length === 0) return [];
  return await db
    .selectFrom('chunks as c')
    .innerJoin('stages as s', 's.id', 'c.stage_id')
    .innerJoin('jobs as j', 'j.id', 'c.job_id')
    .select(['c.id', 'c.spec_json', 's.name as stage', 'j.kind'])
    .where('c.id', 'in', ids)
    .execute();
}
