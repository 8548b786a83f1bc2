import type { PipelineId, TeamId } from '../../model/ids.ts';
import type { JobStatus } from '../../model/job.ts';
import type { Whole } from '../../model/notice.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';

/** The ids of its jobs, to be asked within a query. */
export const jobsOfWhole = (db: Db, { type, id }: Whole, team: TeamId) =>
  type === 'pipeline'
    ? db
        .selectFrom('pipeline_jobs')
        .select('job_id')
        .where('pipeline_id', '=', id as PipelineId)
    : db.selectFrom('sweep_members').select('job_id').where('sweep_id', '=', id).where('team_id', '=', team);

/** How the jobs of a whole stand now, whatever this transaction has read before; without those that were deleted. */
export async function statesTogether(db: Db, whole: Whole, team: TeamId): Promise<JobStatus[]> {
  const query = db
    .selectFrom('jobs')
    .select('state')
    .where('team_id', '=', team)
    .where('id', 'in', jobsOfWhole(db, whole, team));
  // A transaction of MariaDB sees what stood when it first read, but for what it locks.
  const rows = await (isMysql(db) ? query.forUpdate() : query).execute();
  return rows.map(({ state }) => state);
}
