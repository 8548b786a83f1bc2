import type { Selectable } from 'kysely';
import type { LeaseId, TeamId, WorkerId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { LeasesTable } from './schema/jobs.ts';
import type { WorkerLoadsTable } from './schema/workers.ts';

export type Attempt = Omit<
  Selectable<LeasesTable>,
  'result_json' | 'files_json' | 'peak_memory_bytes' | 'gang_size'
> & {
  jobTeam: TeamId | null;
  jobName: string | null;
  kind: string | null;
  stageName: string | null;
  spec_json: string | null;
};

export type Before = { grantedAt: number; lease: LeaseId };

/**
 * What a worker was given, newest first: all of it, or what was of this team's jobs. Jobs that were deleted have left
 * their leases behind, or not.
 */
export const attemptsOn = (
  db: Db,
  worker: WorkerId,
  options: { team: TeamId | null; before: Before | null; limit: number },
): Promise<Attempt[]> => {
  const { team, before, limit } = options;
  return db
    .selectFrom('leases')
    .leftJoin('jobs', 'jobs.id', 'leases.job_id')
    .leftJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .leftJoin('stages', 'stages.id', 'chunks.stage_id')
    .select([
      'leases.id',
      'leases.chunk_id',
      'leases.job_id',
      'leases.worker_id',
      'leases.purpose',
      'leases.granted_at',
      'leases.started_at',
      'leases.ended_at',
      'leases.outcome',
      'leases.failure_code',
      'leases.failure_message',
      'leases.busy_ms',
      'leases.log',
      'jobs.team_id as jobTeam',
      'jobs.name as jobName',
      'jobs.kind as kind',
      'stages.name as stageName',
      'chunks.spec_json as spec_json',
    ])
    .where('leases.worker_id', '=', worker)
    .$if(team !== null, (it) => it.where('jobs.team_id', '=', team as TeamId))
    .$if(before !== null, (it) =>
      it.where((eb) =>
        eb.or([
          eb('leases.granted_at', '<', before?.grantedAt ?? 0),
          eb.and([
            eb('leases.granted_at', '=', before?.grantedAt ?? 0),
            eb('leases.id', '<', before?.lease ?? ('' as LeaseId)),
          ]),
        ]),
      ),
    )
    .orderBy('leases.granted_at', 'desc')
    .orderBy('leases.id', 'desc')
    .limit(limit)
    .execute();
};

export type WorkerLoadSample = Selectable<WorkerLoadsTable>;

/** A load is remembered for so long. */
const LOADS_MS = 24 * 60 * 60_000;
const ROWS = 200;

/** Adds a sample of each of these, and forgets those that are older than a day. */
export async function noteWorkerLoads(
  db: Db,
  samples: readonly WorkerLoadSample[],
  now: number,
): Promise<void> {
  for (let at = 0; at < samples.length; at += ROWS)
    await db
      .insertInto('worker_loads')
      .values(samples.slice(at, at + ROWS))
      .execute();
  await db
    .deleteFrom('worker_loads')
    .where('at', '<', now - LOADS_MS)
    .execute();
}

export const loadsOf = (db: Db, worker: WorkerId): Promise<WorkerLoadSample[]> =>
  db.selectFrom('worker_loads').selectAll().where('worker_id', '=', worker).orderBy('at').execute();
