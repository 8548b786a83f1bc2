import { sql, type UpdateResult } from 'kysely';
import { z } from 'zod';
import { isSettled } from '../../model/chunk.ts';
import type { BlobHash, ChunkId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import { ResultFile } from '../../protocol/workers.ts';
import type { ChunkRow } from './chunk-reads.ts';
import type { Db } from './connect.ts';
import { givenIds, updateRows } from './given-rows.ts';
import { dropResult, ofStage } from './leases.ts';

/**
 * What the load balancer writes of chunks. Every update compares before it
 * sets and gives back how many rows it found as expected: fewer than asked
 * means that the writer's picture is out of date. Lists hold about a thousand.
 */

/** A chunk's new state, from the one that is expected: waiting, or held under leases. */
export type ChunkMove = { chunk: ChunkId; from: 'queued' | 'held'; attempts: number } & (
  | { state: 'queued' | 'leased' | 'running' | 'canceled' }
  /** `startedAt`: of the accepted lease, where nothing was written before. */
  | { state: 'done'; accepted: LeaseId; startedAt: number }
  | { state: 'failed'; code: string; message: string }
);

/** All from and to one state. */
export async function moveChunks(db: Db, moves: readonly ChunkMove[], at: number): Promise<number> {
  const [first] = moves;
  if (first === undefined) return 0;
  const { state } = first;
  const from = first.from === 'queued' ? ['queued'] : ['leased', 'running'];
  return updateRows(
    db,
    'chunks',
    moves.map((move) => ({ id: move.chunk, attempts: move.attempts, ...valuesOf(move, at) })),
    {
      all: {
        state,
        ...((state === 'queued' || state === 'leased') && { started_at: null }),
        ...(isSettled(state) && { finished_at: at }),
      },
      unlessSet: ['started_at'],
      where: sql`state in (${sql.join(from)})`,
    },
  );
}

function valuesOf(move: ChunkMove, at: number) {
  switch (move.state) {
    case 'running':
      return { started_at: at };
    case 'done':
      return { accepted_lease_id: move.accepted, started_at: move.startedAt };
    case 'failed':
      return { failure_code: move.code, failure_message: move.message };
    default:
      return {};
  }
}

/** A done chunk whose stored result proved unusable: queued again, or failed when its attempts are used up. */
export async function rejectChunk(
  db: Db,
  it: {
    chunk: ChunkId;
    lease: LeaseId;
    attempts: number;
    failure: { code: string; message: string } | null;
    at: number;
  },
): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      accepted_lease_id: null,
      state: it.failure === null ? 'queued' : 'failed',
      attempts: it.attempts,
      started_at: null,
      finished_at: it.failure === null ? null : it.at,
      failure_code: it.failure?.code ?? null,
      failure_message: it.failure?.message ?? null,
    })
    .where('id', '=', it.chunk)
    .where('accepted_lease_id', '=', it.lease)
    .where('state', '=', 'done')
    .executeTakeFirst();
  await dropResult(db, it.lease);
  return found(result);
}

/** All waiting chunks of a stage at once. */
export async function cancelQueued(db: Db, stage: StageId, at: number): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({ state: 'canceled', finished_at: at })
    .where('stage_id', '=', stage)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return found(result);
}

/** All waiting chunks of a stage at once, because no worker that may run them is left. */
export async function failQueued(
  db: Db,
  stage: StageId,
  failure: { code: string; message: string; at: number },
): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      state: 'failed',
      finished_at: failure.at,
      failure_code: failure.code,
      failure_message: failure.message,
    })
    .where('stage_id', '=', stage)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return found(result);
}

/** Failed and canceled chunks of a stage wait again, with no attempt counted. */
export async function retryChunks(db: Db, stage: StageId): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      state: 'queued',
      attempts: 0,
      started_at: null,
      finished_at: null,
      failure_code: null,
      failure_message: null,
    })
    .where('stage_id', '=', stage)
    .where('state', 'in', ['failed', 'canceled'])
    .executeTakeFirst();
  return found(result);
}

export type ChunkStanding = Pick<ChunkRow, 'ordinal' | 'state' | 'attempts'>;

/** Where the chunks of a stage stand, by ordinal, the page after `after` (-1 from the start). */
export const chunkStandings = (
  db: Db,
  stage: StageId,
  after: number,
  limit: number,
): Promise<ChunkStanding[]> =>
  db
    .selectFrom('chunks')
    .select(['ordinal', 'state', 'attempts'])
    .where('stage_id', '=', stage)
    .where('ordinal', '>', after)
    .orderBy('ordinal')
    .limit(limit)
    .execute();

export type StandingChunk = Pick<
  ChunkRow,
  'id' | 'stage_id' | 'job_id' | 'ordinal' | 'state' | 'attempts' | 'accepted_lease_id'
> & { worker_id: WorkerId | null };

/** With the worker whose result was accepted. */
export const chunksById = (db: Db, ids: ChunkId[]): Promise<StandingChunk[]> =>
  db
    .selectFrom('chunks as c')
    .leftJoin('leases as l', 'l.id', 'c.accepted_lease_id')
    .select([
      'c.id',
      'c.stage_id',
      'c.job_id',
      'c.ordinal',
      'c.state',
      'c.attempts',
      'c.accepted_lease_id',
      'l.worker_id',
    ])
    .where('c.id', 'in', ids)
    .execute();

/** Specs of the chunks as JSON text. */
export async function chunkSpecTexts(db: Db, ids: ChunkId[]): Promise<Map<ChunkId, string>> {
  const texts = new Map<ChunkId, string>();
  for (let at = 0; at < ids.length; at += 500) {
    const rows = await db
      .selectFrom('chunks')
      .select(['id', 'spec_json'])
      .where('id', 'in', givenIds(db, ids.slice(at, at + 500)))
      .execute();
    for (const row of rows) texts.set(row.id, row.spec_json);
  }
  return texts;
}

const found = (result: UpdateResult): number => Number(result.numUpdatedRows);

/** Forgets the files that the stage's chunks made, but those of the names in `keep`. */
export async function freeFiles(
  db: Db,
  stage: StageId,
  keep: readonly string[],
): Promise<{ freed: BlobHash[]; kept: BlobHash[] }> {
  const leases = await db
    .selectFrom('leases')
    .select(['id', 'files_json'])
    .where(ofStage(stage))
    .where('files_json', 'is not', null)
    .execute();
  const files = leases.map(({ id, files_json }) => ({
    id,
    all: Files.parse(JSON.parse(files_json ?? '[]')),
  }));
  for (const { id, all } of files) {
    const kept = all.filter((file) => keep.includes(file.name));
    await db
      .updateTable('leases')
      .set({ files_json: kept.length === 0 ? null : JSON.stringify(kept) })
      .where('id', '=', id)
      .execute();
  }
  const hashes = (isKept: boolean) =>
    files.flatMap(({ all }) =>
      all.filter((file) => keep.includes(file.name) === isKept).map((file) => file.hash),
    );
  return { freed: hashes(false), kept: hashes(true) };
}

const Files = z.array(ResultFile);
