import type { JobId } from '../../model/ids.ts';
import type { Db } from './connect.ts';

export type NoteRow = { at: number; level: 'info' | 'warning' | 'error'; code: string; message: string };

/** Adds the notes that the job does not have yet, word for word: planning twice says nothing twice. */
export async function addNotes(
  db: Db,
  job: JobId,
  notes: Omit<NoteRow, 'at'>[],
  at: number,
): Promise<boolean> {
  if (notes.length === 0) return false;
  const there = new Set((await listNotes(db, job)).map((note) => `${note.code} ${note.message}`));
  const fresh = notes.filter((note) => !there.has(`${note.code} ${note.message}`));
  if (fresh.length === 0) return false;
  const rows = fresh.map((note) => ({ job_id: job, at, ...note }));
  await db.insertInto('job_notes').values(rows).execute();
  return true;
}

export const listNotes = (db: Db, job: JobId): Promise<NoteRow[]> =>
  db
    .selectFrom('job_notes')
    .select(['at', 'level', 'code', 'message'])
    .where('job_id', '=', job)
    .orderBy('id')
    .execute();

/** Codes that begin so tell what a job waits for; they go when it goes on. */
export const WAITING = 'waiting-';

/** True when there were any of that code. */
export async function dropNotes(db: Db, job: JobId, code: string): Promise<boolean> {
  const result = await db
    .deleteFrom('job_notes')
    .where('job_id', '=', job)
    .where('code', '=', code)
    .executeTakeFirst();
  return Number(result.numDeletedRows) > 0;
}

/** True when there were any. */
export async function dropWaitingNotes(db: Db, job: JobId): Promise<boolean> {
  const result = await db
    .deleteFrom('job_notes')
    .where('job_id', '=', job)
    .where('code', 'like', `${WAITING}%`)
    .executeTakeFirst();
  return Number(result.numDeletedRows) > 0;
}
