import { type JobEvent, type JobState, jobTransition } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import {
  changeJobState,
  type JobColumns,
  type JobHead,
  stateOf,
} from '@parallel-pilot/shared/server/db/jobs.ts';
import { dropWaitingNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { addNotices } from '@parallel-pilot/shared/server/db/notices.ts';
import { type Told, toldOf } from './notices/told-events.ts';

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
  const told = toldOf(next.state);
  const change = async (db: Db): Promise<Changed> => {
    const done = await changeJobState(db, row.id, { from, to: next.state, now, with: columns });
    if (!done) return { ok: false, code: 'raced' };
    await dropWaitingNotes(db, row.id);
    if (told !== null) await tellOwner(db, row, told, { now });
    return { ok: true, state: next.state };
  };
  return told === null || db.isTransaction ? change(db) : inTransaction(db, change);
}

/** Puts it into the outbox of the job's owner. What has a `cause` is told once of a job, however often it is seen. */
export const tellOwner = (
  db: Db,
  job: Pick<JobHead, 'id' | 'team_id' | 'person_id' | 'name' | 'kind'>,
  { event, message }: Told,
  { now, cause = String(now) }: { now: number; cause?: string },
): Promise<void> =>
  addNotices(db, {
    job: job.id,
    team: job.team_id,
    person: job.person_id,
    event,
    cause,
    subject: { name: job.name, kind: job.kind, message },
    at: now,
  });
