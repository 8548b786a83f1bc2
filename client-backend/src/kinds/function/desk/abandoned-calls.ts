import type { CallId, FunctionId } from '@parallel-pilot/shared/model/ids.ts';
import {
  abandonCalls,
  abandonedCalls,
  claimCall,
  processesOfCalls,
} from '@parallel-pilot/shared/server/db/calls.ts';
import { findVersion, type VersionRow } from '@parallel-pilot/shared/server/db/functions.ts';
import type { Parts } from '../../../parts.ts';
import { isGone } from '../../../processes.ts';
import { eventOf } from './call-repeats.ts';
import type { Event } from './invocation.ts';
import type { Unwritten } from './unwritten.ts';

/** A stored call that this process is at, for the `attempts`th time. */
export type Begun = { id: CallId; event: Event; key: string | null; attempts: number };

/** One that nobody was at. `version` is undefined where that is gone. */
export type TakenUp = { work: Begun; function: FunctionId; version: VersionRow | undefined };

/** At one look. */
const MOST_AT_ONCE = 200;

/** Claims calls that nobody is at, one after the other, `room` at most and none that it `has`: those of dead processes, and those that wait. */
export async function* abandoned(
  { db }: Pick<Parts, 'db'>,
  by: { process: string; now: number; until: number },
  { room, has }: { room: number; has(call: CallId): boolean },
  unwritten: Pick<Unwritten, 'abandon'>,
): AsyncGenerator<TakenUp> {
  for (const process of await processesOfCalls(db))
    if (process !== by.process && isGone(process)) await abandonCalls(db, process);
  const rows = room <= 0 ? [] : await abandonedCalls(db, by.now, Math.min(room, MOST_AT_ONCE));
  for (const row of rows) {
    const { id, function_id, idempotency_key: key } = row;
    if (has(id) || !(await claimCall(db, id, { ...by, again: false }))) continue;
    const version = await findVersion(db, function_id, row.version).catch((error) => {
      unwritten.abandon(id);
      throw error;
    });
    const work = { id, event: eventOf(row), key, attempts: row.attempts + 1 };
    yield { work, function: function_id, version };
  }
}
