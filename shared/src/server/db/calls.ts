import type { Insertable, Selectable } from 'kysely';
import type { CallId, FunctionId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { CallsTable } from './schema.ts';
import { unlessThere } from './unless-there.ts';

export type CallRow = Selectable<CallsTable>;
export type NewCall = Insertable<CallsTable>;
/** What is written when a call is over. */
export type CallOutcome = Pick<
  CallRow,
  | 'state'
  | 'answer_json'
  | 'answer_hash'
  | 'answer_size'
  | 'code'
  | 'message'
  | 'log'
  | 'worker_id'
  | 'attempts'
  | 'ms'
  | 'ended_at'
>;

export async function insertCalls(db: Db, rows: NewCall[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 100)
    await db
      .insertInto('calls')
      .values(rows.slice(at, at + 100))
      .execute();
}

/** Those of them that are stored. */
export async function storedCalls(db: Db, ids: readonly CallId[]): Promise<Set<CallId>> {
  const rows = await db.selectFrom('calls').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map(({ id }) => id));
}

/** False where the function was called with that key before. */
export async function insertKeyedCall(db: Db, row: NewCall): Promise<boolean> {
  const result = await unlessThere(db, db.insertInto('calls').values(row)).executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
}

export const callByKey = (db: Db, id: FunctionId, key: string): Promise<CallRow | undefined> =>
  db
    .selectFrom('calls')
    .selectAll()
    .where('function_id', '=', id)
    .where('idempotency_key', '=', key)
    .executeTakeFirst();

export const findCall = (db: Db, id: FunctionId, call: CallId): Promise<CallRow | undefined> =>
  db.selectFrom('calls').selectAll().where('function_id', '=', id).where('id', '=', call).executeTakeFirst();

/** Without its event and its answer. */
export type ListedCall = Omit<
  CallRow,
  'event_json' | 'event_hash' | 'event_size' | 'answer_json' | 'answer_hash' | 'answer_size'
>;

/** Newest first, without events and answers. */
export const callsOf = (
  db: Db,
  id: FunctionId,
  { before, limit, failed }: { before: { at: number; id: string } | null; limit: number; failed: boolean },
): Promise<ListedCall[]> =>
  db
    .selectFrom('calls')
    .select([
      'id',
      'function_id',
      'version',
      'person_id',
      'how',
      'state',
      'idempotency_key',
      'code',
      'message',
      'log',
      'worker_id',
      'attempts',
      'ms',
      'created_at',
      'ended_at',
      'process',
      'expires_at',
    ])
    .where('function_id', '=', id)
    .$if(before !== null, (query) =>
      query.where((eb) =>
        eb.or([
          eb('created_at', '<', before?.at ?? 0),
          eb.and([eb('created_at', '=', before?.at ?? 0), eb('id', '<', (before?.id ?? '') as CallId)]),
        ]),
      ),
    )
    .$if(failed, (query) => query.where('state', '=', 'failed'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

/**
 * Takes a call for this process that nobody is at: one that waits, was lost with its process, or, where `again`, has
 * failed. Compare-and-set; false where somebody else was first.
 */
export async function claimCall(
  db: Db,
  id: CallId,
  { process, now, until, again }: { process: string; now: number; until: number; again: boolean },
): Promise<boolean> {
  const result = await db
    .updateTable('calls')
    .set((eb) => ({
      state: 'running',
      process,
      expires_at: until,
      attempts: eb('attempts', '+', 1),
      code: null,
      message: null,
      ended_at: null,
    }))
    .where('id', '=', id)
    .where((eb) =>
      eb.or([
        eb('state', '=', 'waiting').and(eb.or([eb('expires_at', 'is', null), eb('expires_at', '<', now)])),
        eb.and([eb('state', '=', 'running'), eb('expires_at', '<', now)]),
        ...(again ? [eb('state', '=', 'failed')] : []),
      ]),
    )
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Calls that nobody is waiting for and nobody is at, the oldest first. */
export const abandonedCalls = (db: Db, now: number, limit: number): Promise<CallRow[]> =>
  db
    .selectFrom('calls')
    .selectAll()
    .where('how', '=', 'async')
    .where('state', 'in', ['waiting', 'running'])
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '<', now)]))
    .orderBy('created_at')
    .limit(limit)
    .execute();

/** A sign of life for those that the process is at. */
export async function renewCalls(db: Db, process: string, until: number): Promise<void> {
  await db
    .updateTable('calls')
    .set({ expires_at: until })
    .where('state', 'in', ['waiting', 'running'])
    .where('process', '=', process)
    .execute();
}

/** Writes what a call came to, where this process is still at it; false where it is not. */
export async function endCall(db: Db, id: CallId, process: string, outcome: CallOutcome): Promise<boolean> {
  const result = await db
    .updateTable('calls')
    .set({
      ...outcome,
      process: null,
      expires_at: null,
      ...(outcome.state === 'done' || outcome.state === 'failed' ? NO_EVENT : {}),
    })
    .where('id', '=', id)
    .where('process', '=', process)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

const NO_EVENT = { event_json: null, event_hash: null, event_size: null };

/** It goes back to those that wait, and nobody takes it before that time. */
export async function releaseCall(
  db: Db,
  id: CallId,
  process: string,
  { attempts, notBefore }: { attempts: number; notBefore: number },
): Promise<void> {
  await db
    .updateTable('calls')
    .set({ state: 'waiting', process: null, expires_at: notBefore, attempts })
    .where('id', '=', id)
    .where('process', '=', process)
    .execute();
}

/** How many of a function wait or run without anybody waiting for them. */
export async function countOpenCalls(db: Db, id: FunctionId): Promise<number> {
  const row = await db
    .selectFrom('calls')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('function_id', '=', id)
    .where('state', 'in', ['waiting', 'running'])
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Calls of each function by what they came to since then, and how long they took. */
export async function callFigures(
  db: Db,
  functions: readonly FunctionId[],
  since: number,
): Promise<{ function_id: FunctionId; state: CallRow['state']; calls: number; ms: number }[]> {
  if (functions.length === 0) return [];
  const rows = await db
    .selectFrom('calls')
    .select((eb) => ['function_id', 'state', eb.fn.countAll().as('calls'), eb.fn.sum('ms').as('ms')])
    .where('function_id', 'in', [...functions])
    .where('created_at', '>=', since)
    .groupBy(['function_id', 'state'])
    .execute();
  return rows.map((row) => ({ ...row, calls: Number(row.calls), ms: Number(row.ms ?? 0) }));
}

/** Forgets ended calls of a function beyond the newest `most`, and those from before that time; at most some thousand at once. */
export async function forgetCalls(
  db: Db,
  id: FunctionId,
  { most, before }: { most: number; before: number },
): Promise<void> {
  const edge = await db
    .selectFrom('calls')
    .select('created_at')
    .where('function_id', '=', id)
    .orderBy('created_at', 'desc')
    .offset(most)
    .limit(1)
    .executeTakeFirst();
  const until = Math.max(before, edge?.created_at ?? 0);
  // The blobs first: where the process dies here, records without them go next time.
  await releaseFilesOf(db, { function: id, ended: true, before: until });
  await db
    .deleteFrom('calls')
    .where('function_id', '=', id)
    .where('state', 'in', ['done', 'failed'])
    .where('created_at', '<', until)
    .execute();
}

/** Of these records that are about to go: what is held for them. */
export async function releaseFilesOf(
  db: Db,
  of: { function: FunctionId; ended: boolean; before: number },
): Promise<void> {
  // Few have any. As a subquery MariaDB would look it up for each blob that is held.
  const calls = await db
    .selectFrom('calls')
    .select('id')
    .where('function_id', '=', of.function)
    .where((or) => or.or([or('event_hash', 'is not', null), or('answer_hash', 'is not', null)]))
    .where('created_at', '<', of.before)
    .$if(of.ended, (query) => query.where('state', 'in', ['done', 'failed']))
    .execute();
  const holders = calls.map(({ id }) => id);
  for (let at = 0; at < holders.length; at += 500)
    await db
      .deleteFrom('held_blobs')
      .where('holder', 'in', holders.slice(at, at + 500))
      .execute();
}

/** Processes that are at a call, or were when they died. */
export async function processesOfCalls(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('calls')
    .select('process')
    .distinct()
    .where('state', 'in', ['waiting', 'running'])
    .where('process', 'is not', null)
    .execute();
  return rows.flatMap(({ process }) => process ?? []);
}

/** The process is not at it after all: whoever looks next may take it. */
export async function abandonCall(db: Db, id: CallId, process: string): Promise<void> {
  await db
    .updateTable('calls')
    .set({ expires_at: 0 })
    .where('id', '=', id)
    .where('state', 'in', ['waiting', 'running'])
    .where('process', '=', process)
    .execute();
}

/** The process is no more: what it was at need not wait for its time to pass. */
export async function abandonCalls(db: Db, process: string): Promise<void> {
  await db
    .updateTable('calls')
    .set({ expires_at: 0 })
    .where('state', 'in', ['waiting', 'running'])
    .where('process', '=', process)
    .execute();
}
