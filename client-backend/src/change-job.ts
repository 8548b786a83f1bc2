import { type JobEvent, type JobState, jobTransition } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  changeJobState,
  type JobColumns,
  type JobHead,
  stateOf,
} from '@parallel-pilot/shared/server/db/jobs.ts';
import { dropWaitingNotes } from '@parallel-pilot/shared/server/db/notes.ts';

/** `raced` when the row was changed by somebody else since it was read. */
export type Changed = { ok: true; state: JobState } | { ok: false; code: 'not-allowed' | 'raced' };

/**
 * Lets the event happen to the job as it was read. Nothing is written unless
 * the row still stands so; what the job waited for is no longer told.
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
  const done = await changeJobState(db, row.id, { from, to: next.state, now, with: columns });
  if (!done) return { ok: false, code: 'raced' };
  await dropWaitingNotes(db, row.id);
  return { ok: true, state: next.state };
}
