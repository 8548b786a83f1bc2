import type { JobId } from '../../model/ids.ts';
import { LIVE_STATES } from '../../model/job.ts';
import type { Db } from './connect.ts';

/** Steps of a deadline that were told on its job, apart by a space; null for none. */
export type Told = string | null;

/** Jobs with a deadline that are not over. */
export const datedJobs = (db: Db) =>
  db
    .selectFrom('jobs')
    .select([
      'id',
      'team_id',
      'person_id',
      'name',
      'kind',
      'state',
      'deadline',
      'deadline_told',
      'finished_at',
      'created_at',
    ])
    .where('deadline', 'is not', null)
    .where('state', 'in', [...LIVE_STATES, 'blocked', 'ready', 'assembling'])
    .execute();

/** True for the one who may tell it: false where somebody told something meanwhile, or the deadline is another. */
export async function noteTold(
  db: Db,
  job: JobId,
  change: { deadline: number; from: Told; to: string },
): Promise<boolean> {
  const { deadline, from, to } = change;
  const result = await db
    .updateTable('jobs')
    .set({ deadline_told: to })
    .where('id', '=', job)
    .where('deadline', '=', deadline)
    .where('deadline_told', from === null ? 'is' : '=', from)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}
