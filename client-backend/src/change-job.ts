import { isOver, type JobEvent, type JobState, jobTransition } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import {
  changeJobState,
  type JobColumns,
  type JobHead,
  stateOf,
} from '@parallel-pilot/shared/server/db/jobs.ts';
import { dropWaitingNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { lockWhole, tellOfWhole } from './notices/tell-of-whole.ts';
import { tellOwner } from './notices/tell-owner.ts';
import { toldOf } from './notices/told-events.ts';

/** `raced` when the row was changed by somebody else since it was read. */
export type Changed = { ok: true; state: JobState } | { ok: false; code: 'not-allowed' | 'raced' };

/**
 * Lets the event happen to the job as it was read. Nothing is written unless
 * the row still stands so; what the job waited for is no longer told. Whoever
 * is to be told of its new state has that in their outbox with it, or neither.
 */
export async function changeJob(
  db: Db,
  row: JobHead,
  event: JobEvent,
  now: number,
  columns: JobColumns = {},
): Promise<Changed> {
  const from = stateOf(row);
  const next = jobTransition(from, event);
  if (!next.ok) return next;
  const told = toldOf(next.state, row.kind);
  const ends = isOver(next.state.status);
  const change = async (db: Db): Promise<Changed> => {
    const whole = ends ? await lockWhole(db, row) : null;
    const done = await changeJobState(db, row.id, { from, to: next.state, now, with: columns });
    if (!done) return { ok: false, code: 'raced' };
    await dropWaitingNotes(db, row.id);
    if (whole !== null) await tellOfWhole(db, row, { whole, to: next.state, now });
    else if (told !== null) await tellOwner(db, row, told, { now });
    return { ok: true, state: next.state };
  };
  return (told === null && !ends) || db.isTransaction ? change(db) : inTransaction(db, change);
}
