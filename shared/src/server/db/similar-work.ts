import type { BlobHash, TeamId, WorkerId } from '../../model/ids.ts';
import type { Db } from './connect.ts';

const MOST = 100;

/** What a team's newest job on the same file came to in that stage: how many chunks, and how long those took that were done last. */
export async function similarWork(
  db: Db,
  of: { team: TeamId; kind: string; source: BlobHash; stage: string },
): Promise<{ chunks: number; seen: { worker: WorkerId; ms: number }[] } | null> {
  const stage = await db
    .selectFrom('jobs as j')
    .innerJoin('job_blobs as b', 'b.job_id', 'j.id')
    .innerJoin('stages as s', 's.job_id', 'j.id')
    .select(['s.id', 's.chunk_count', 'j.id as job'])
    .where('b.hash', '=', of.source)
    .where('j.team_id', '=', of.team)
    .where('j.kind', '=', of.kind)
    .where('s.name', '=', of.stage)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('chunks as c')
          .select('c.id')
          .whereRef('c.stage_id', '=', 's.id')
          .where('c.state', '=', 'done'),
      ),
    )
    .orderBy('j.created_at', 'desc')
    .orderBy('s.ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (stage === undefined) return null;
  const rows = await db
    .selectFrom('chunks as c')
    .innerJoin('leases as l', 'l.id', 'c.accepted_lease_id')
    .select(['l.worker_id as worker', 'l.busy_ms as ms'])
    .where('c.stage_id', '=', stage.id)
    .where('l.busy_ms', '>', 0)
    .orderBy('c.finished_at', 'desc')
    .limit(MOST)
    .execute();
  return { chunks: stage.chunk_count, seen: rows.map(({ worker, ms }) => ({ worker, ms: ms ?? 0 })) };
}
