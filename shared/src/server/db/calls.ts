import type { Insertable, Selectable } from 'kysely';
import type { CallId, FunctionId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { CallsTable } from './schema/functions.ts';
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
