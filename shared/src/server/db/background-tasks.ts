import type { JobId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { inTransaction } from './in-transaction.ts';
import { unlessThere } from './unless-there.ts';

/** Who has a task, until when without a sign of life, and how many died of it, perhaps. */
export type BackgroundTaskHolder = { process: string | null; expires_at: number | null; deaths: number };

/**
 * Takes the task for this process where no other one has it, and says who
 * has it then: of several that ask at once, one is named to all. Undefined
 * where it was given up in between.
 */
export const claimBackgroundTask = (
  db: Db,
  { job, ...claim }: { job: JobId; process: string; started_at: number; expires_at: number },
): Promise<BackgroundTaskHolder | undefined> =>
  inTransaction(db, async (db) => {
    const taken = await db
      .updateTable('background_tasks')
      .set(claim)
      .where('job_id', '=', job)
      .where((eb) => eb.or([eb('process', 'is', null), eb('process', '=', claim.process)]))
      .executeTakeFirst();
    if (Number(taken.numUpdatedRows) === 0) {
      const insert = db.insertInto('background_tasks').values({ job_id: job, ...claim });
      await unlessThere(db, insert).execute();
    }
    return db
      .selectFrom('background_tasks')
      .select(['process', 'expires_at', 'deaths'])
      .where('job_id', '=', job)
      .executeTakeFirst();
  });

/** A sign of life: the process holds what it has until then. Gives the jobs whose backgroundTasks it still has. */
export async function renewBackgroundTasks(db: Db, process: string, until: number): Promise<JobId[]> {
  await db
    .updateTable('background_tasks')
    .set({ expires_at: until })
    .where('process', '=', process)
    .execute();
  const rows = await db
    .selectFrom('background_tasks')
    .select('job_id')
    .where('process', '=', process)
    .execute();
  return rows.map((row) => row.job_id);
}

/** Whether the process has it still. */
export async function hasBackgroundTask(db: Db, job: JobId, process: string): Promise<boolean> {
  const row = await db
    .selectFrom('background_tasks')
    .select('job_id')
    .where('job_id', '=', job)
    .where('process', '=', process)
    .executeTakeFirst();
  return row !== undefined;
}

/** It came to its end, whatever that was: earlier deaths were not its doing. */
export async function endBackgroundTask(db: Db, job: JobId, process: string): Promise<void> {
  await db.deleteFrom('background_tasks').where('job_id', '=', job).where('process', '=', process).execute();
}

/** Nothing is under way any more in this process, or nothing of that job, though it did not come to its end. */
export const leaveBackgroundTasks = (db: Db, process: string, job?: JobId): Promise<void> =>
  inTransaction(db, async (db) => {
    const mine = db
      .updateTable('background_tasks')
      .set({ process: null, expires_at: null })
      .where('process', '=', process);
    await (job === undefined ? mine : mine.where('job_id', '=', job)).execute();
    await db.deleteFrom('background_tasks').where('process', 'is', null).where('deaths', '=', 0).execute();
  });

/** All that some process is at, or was at when it died. */
export const heldBackgroundTasks = (
  db: Db,
): Promise<{ job_id: JobId; process: string | null; expires_at: number | null }[]> =>
  db
    .selectFrom('background_tasks')
    .select(['job_id', 'process', 'expires_at'])
    .where('process', 'is not', null)
    .execute();

/** The process that had the task died. Counted once, however many say so. */
export async function countDeath(db: Db, job: JobId, process: string): Promise<void> {
  await db
    .updateTable('background_tasks')
    .set((eb) => ({ deaths: eb('deaths', '+', 1), process: null, expires_at: null }))
    .where('job_id', '=', job)
    .where('process', '=', process)
    .execute();
}

/** Jobs on whose work a process has died since it last came to its end. */
export const deadlyBackgroundTasks = (db: Db): Promise<{ job_id: JobId; deaths: number }[]> =>
  db
    .selectFrom('background_tasks')
    .select(['job_id', 'deaths'])
    .where('deaths', '>', 0)
    .orderBy('started_at')
    .execute();

export async function setDeaths(db: Db, job: JobId, deaths: number): Promise<void> {
  await db.updateTable('background_tasks').set({ deaths }).where('job_id', '=', job).execute();
}
