import { MysqlAdapter } from 'kysely';
import type { PipelineId, TeamId } from '../../model/ids.ts';
import type { JobStatus } from '../../model/job.ts';
import type { Whole } from '../../model/notice.ts';
import type { Db } from './connect.ts';

/** How the jobs of a whole stand now, whatever this transaction has read before; without those that were deleted. */
export async function statesTogether(db: Db, { type, id }: Whole, team: TeamId): Promise<JobStatus[]> {
  const jobs = db.selectFrom('jobs as j').select('j.state').where('j.team_id', '=', team);
  const of =
    type === 'pipeline'
      ? jobs.innerJoin('pipeline_jobs as p', 'p.job_id', 'j.id').where('p.pipeline_id', '=', id as PipelineId)
      : jobs.innerJoin('sweep_members as m', 'm.job_id', 'j.id').where('m.sweep_id', '=', id);
  // A transaction of MariaDB sees what stood when it first read, but for what it locks.
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  const rows = await (mysql ? of.forUpdate() : of).execute();
  return rows.map(({ state }) => state);
}
