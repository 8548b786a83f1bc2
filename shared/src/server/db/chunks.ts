import type { UpdateResult } from 'kysely';
import { z } from 'zod';
import type { BlobHash, ChunkId, LeaseId, StageId, WorkerId } from '../../model/ids.ts';
import { ResultFile } from '../../protocol/workers.ts';
import { caseById } from './case-by-id.ts';
import type { ChunkRow } from './chunk-reads.ts';
import type { Db } from './connect.ts';

/**
 * What the load balancer writes of chunks. Every update compares before it
 * sets and gives back how many rows it found as expected: fewer than asked
 * means that the writer's picture is out of date. Lists hold about a hundred.
 */

export type Held = { chunk: ChunkId; lease: LeaseId };

export async function grantChunks(db: Db, grants: (Held & { worker: WorkerId })[]): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      state: 'leased',
      lease_id: caseById(grants.map((grant) => [grant.chunk, grant.lease])),
      worker_id: caseById(grants.map((grant) => [grant.chunk, grant.worker])),
    })
    .where('id', 'in', grants.map(toChunk))
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return found(result);
}

export async function startChunks(db: Db, held: Held[], at: number): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set((eb) => ({ state: 'running', attempts: eb('attempts', '+', 1), started_at: at }))
    .where('id', 'in', held.map(toChunk))
    .where('lease_id', 'in', held.map(toLease))
    .where('state', '=', 'leased')
    .executeTakeFirst();
  return found(result);
}

export type Finished = Held & { attempts: number; resultJson: string; filesJson: string };

export async function finishChunks(db: Db, done: Finished[], at: number): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set((eb) => ({
      state: 'done',
      attempts: caseById(done.map((it) => [it.chunk, it.attempts])),
      started_at: eb.fn.coalesce('started_at', eb.val(at)),
      finished_at: at,
      result_json: caseById(done.map((it) => [it.chunk, it.resultJson])),
      files_json: caseById(done.map((it) => [it.chunk, it.filesJson])),
    }))
    .where('id', 'in', done.map(toChunk))
    .where('lease_id', 'in', done.map(toLease))
    .where('state', 'in', ['leased', 'running'])
    .executeTakeFirst();
  return found(result);
}

/** Back to the queue, from under a lease. */
export async function requeueChunks(db: Db, held: (Held & { attempts: number })[]): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({ ...unheld, state: 'queued', started_at: null, attempts: attemptsOf(held) })
    .where('id', 'in', held.map(toChunk))
    .where('lease_id', 'in', held.map(toLease))
    .where('state', 'in', ['leased', 'running'])
    .executeTakeFirst();
  return found(result);
}

export type FailedChunk = Held & { attempts: number; code: string; message: string };

export async function failChunks(db: Db, failed: FailedChunk[], at: number): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      ...unheld,
      state: 'failed',
      attempts: attemptsOf(failed),
      finished_at: at,
      failure_code: caseById(failed.map((it) => [it.chunk, it.code])),
      failure_message: caseById(failed.map((it) => [it.chunk, it.message])),
    })
    .where('id', 'in', failed.map(toChunk))
    .where('lease_id', 'in', failed.map(toLease))
    .where('state', 'in', ['leased', 'running'])
    .executeTakeFirst();
  return found(result);
}

/** Leased and running chunks of a job that was canceled. */
export async function cancelChunks(
  db: Db,
  held: (Held & { attempts: number })[],
  at: number,
): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({ ...unheld, state: 'canceled', finished_at: at, attempts: attemptsOf(held) })
    .where('id', 'in', held.map(toChunk))
    .where('lease_id', 'in', held.map(toLease))
    .where('state', 'in', ['leased', 'running'])
    .executeTakeFirst();
  return found(result);
}

/** A done chunk whose stored result proved unusable: queued again, or failed when its attempts are used up. */
export async function rejectChunk(
  db: Db,
  it: Held & { attempts: number; failure: { code: string; message: string } | null; at: number },
): Promise<number> {
  const result = await db
    .updateTable('chunks')
    .set({
      ...unheld,
      state: it.failure === null ? 'queued' : 'failed',
      attempts: it.attempts,
      started_at: null,
      finished_at: it.failure === null ? null : it.at,
      result_json: null,
      files_json: null,
      failure_code: it.failure?.code ?? null,
      failure_message: it.failure?.message ?? null,
    })
    .where('id', '=', it.chunk)
    .where('lease_id', '=', it.lease)
    .where('state', '=', 'done')
    .executeTakeFirst();
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
      ...unheld,
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

export type ChunkStanding = Pick<
  ChunkRow,
  'ordinal' | 'state' | 'attempts' | 'lease_id' | 'worker_id' | 'started_at'
>;

/** Where the chunks of a stage stand, by ordinal, the page after `after` (-1 from the start). */
export const chunkStandings = (
  db: Db,
  stage: StageId,
  after: number,
  limit: number,
): Promise<ChunkStanding[]> =>
  db
    .selectFrom('chunks')
    .select(['ordinal', 'state', 'attempts', 'lease_id', 'worker_id', 'started_at'])
    .where('stage_id', '=', stage)
    .where('ordinal', '>', after)
    .orderBy('ordinal')
    .limit(limit)
    .execute();

export const chunksById = (
  db: Db,
  ids: ChunkId[],
): Promise<
  Pick<ChunkRow, 'id' | 'stage_id' | 'job_id' | 'ordinal' | 'state' | 'attempts' | 'lease_id' | 'worker_id'>[]
> =>
  db
    .selectFrom('chunks')
    .select(['id', 'stage_id', 'job_id', 'ordinal', 'state', 'attempts', 'lease_id', 'worker_id'])
    .where('id', 'in', ids)
    .execute();

/** Specs of the chunks as JSON text. */
export async function chunkSpecTexts(db: Db, ids: ChunkId[]): Promise<Map<ChunkId, string>> {
  const texts = new Map<ChunkId, string>();
  for (let at = 0; at < ids.length; at += 500) {
    const rows = await db
      .selectFrom('chunks')
      .select(['id', 'spec_json'])
      .where('id', 'in', ids.slice(at, at + 500))
      .execute();
    for (const row of rows) texts.set(row.id, row.spec_json);
  }
  return texts;
}

const unheld = { lease_id: null, worker_id: null } as const;
const toChunk = (it: Held): ChunkId => it.chunk;
const toLease = (it: Held): LeaseId => it.lease;
const attemptsOf = (held: (Held & { attempts: number })[]) =>
  caseById(held.map((it) => [it.chunk, it.attempts]));
const found = (result: UpdateResult): number => Number(result.numUpdatedRows);

/** Forgets the files that the stage's chunks made, but those of the names in `keep`. */
export async function freeFiles(
  db: Db,
  stage: StageId,
  keep: readonly string[],
): Promise<{ freed: BlobHash[]; kept: BlobHash[] }> {
  const chunks = await db
    .selectFrom('chunks')
    .select(['id', 'files_json'])
    .where('stage_id', '=', stage)
    .where('files_json', 'is not', null)
    .execute();
  const files = chunks.map(({ id, files_json }) => ({
    id,
    all: Files.parse(JSON.parse(files_json ?? '[]')),
  }));
  for (const { id, all } of files) {
    const kept = all.filter((file) => keep.includes(file.name));
    await db
      .updateTable('chunks')
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
