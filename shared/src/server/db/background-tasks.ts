import type { JobId } from '../../model/ids.ts';
import type { Db } from './connect.ts';

/** Says that this process begins work of its own on the job. */
export async function beginBackgroundTask(
  db: Db,
  task: { job: JobId; process: string; at: number },
): Promise<void> {
  const { job, process, at } = task;
  const known = await db
    .updateTable('background_tasks')
    .set({ process, started_at: at })
    .where('job_id', '=', job)
    .executeTakeFirst();
  if (Number(known.numUpdatedRows) > 0) return;
  await db.insertInto('background_tasks').values({ job_id: job, process, started_at: at }).execute();
}

/** It came to its end, whatever that was: earlier deaths were not its doing. */
export async function endBackgroundTask(db: Db, job: JobId): Promise<void> {
  await db.deleteFrom('background_tasks').where('job_id', '=', job).execute();
}

/** Nothing is under way any more in this process, or nothing of that job, though it did not come to its end. */
export async function leaveBackgroundTasks(db: Db, process: string, job?: JobId): Promise<void> {
  const mine = db.updateTable('background_tasks').set({ process: null }).where('process', '=', process);
  await (job === undefined ? mine : mine.where('job_id', '=', job)).execute();
  await db.deleteFrom('background_tasks').where('process', 'is', null).where('deaths', '=', 0).execute();
}

/** What is under way in no process that lives was so when one died. Counted once, whoever asks. */
export async function countDeaths(db: Db, process: string): Promise<void> {
  await db
    .updateTable('background_tasks')
    .set((eb) => ({ deaths: eb('deaths', '+', 1), process: null }))
    .where('process', 'is not', null)
    .where('process', '!=', process)
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
