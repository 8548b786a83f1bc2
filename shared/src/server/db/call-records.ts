import type { CallId, FunctionId } from '../../model/ids.ts';
import type { CallRow } from './calls.ts';
import type { Db } from './connect.ts';

/* What is told of calls, and how long it is kept. */

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
