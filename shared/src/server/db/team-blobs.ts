import { sql } from 'kysely';
import type { BlobHash, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';

/** Whether the team itself has handed in these bytes: what others have is not here as far as it is concerned. */
export async function hasBlob(db: Db, team: TeamId, hash: BlobHash): Promise<boolean> {
  const row = await db
    .selectFrom('team_blobs')
    .select('hash')
    .where('hash', '=', hash)
    .where('team_id', '=', team)
    .executeTakeFirst();
  return row !== undefined;
}

/** Those of these bytes that the team itself has handed in. */
export async function blobsOfTeam(db: Db, team: TeamId, hashes: readonly BlobHash[]): Promise<Set<BlobHash>> {
  const found = new Set<BlobHash>();
  for (let at = 0; at < hashes.length; at += 500) {
    const rows = await db
      .selectFrom('team_blobs')
      .select('hash')
      .where('team_id', '=', team)
      .where('hash', 'in', hashes.slice(at, at + 500))
      .execute();
    for (const { hash } of rows) found.add(hash);
  }
  return found;
}

/** Notes that the team handed in these bytes, or did so again. */
export const noteTeamBlob = (db: Db, team: TeamId, hash: BlobHash, at: number): Promise<void> =>
  noteTeamBlobs(db, team, [hash], at);

/** The same of several, a thousand at most and each once. */
export async function noteTeamBlobs(
  db: Db,
  team: TeamId,
  hashes: readonly BlobHash[],
  created_at: number,
): Promise<void> {
  const mysql = isMysql(db);
  const insert = db
    .insertInto('team_blobs')
    .values(hashes.map((hash) => ({ team_id: team, hash, created_at })));
  await (mysql
    ? insert.onDuplicateKeyUpdate({ created_at: sql`values(created_at)` })
    : insert.onConflict((conflict) =>
        conflict
          .columns(['hash', 'team_id'])
          .doUpdateSet((eb) => ({ created_at: eb.ref('excluded.created_at') })),
      )
  ).execute();
}

/** Forgets what a team handed in before that time and no job of its own and nothing else of it names any more, whoever else may have it. */
export async function forgetTeamBlobs(db: Db, before: number): Promise<void> {
  await db
    .deleteFrom('team_blobs')
    .where('created_at', '<', before)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('job_blobs')
            .innerJoin('jobs', 'jobs.id', 'job_blobs.job_id')
            .select('job_blobs.hash')
            .whereRef('job_blobs.hash', '=', 'team_blobs.hash')
            .whereRef('jobs.team_id', '=', 'team_blobs.team_id'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('held_blobs')
            .select('held_blobs.hash')
            .whereRef('held_blobs.hash', '=', 'team_blobs.hash')
            .whereRef('held_blobs.team_id', '=', 'team_blobs.team_id'),
        ),
      ),
    )
    .execute();
}

/** Bytes of what the jobs of a team keep, as far as they were measured, and of what it handed in for none of them yet. */
export async function bytesOfTeam(db: Db, team: TeamId): Promise<number> {
  const jobs = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.sum('bytes').as('bytes'))
    .where('team_id', '=', team)
    .executeTakeFirst();
  const waiting = await db
    .selectFrom('team_blobs')
    .innerJoin('blobs', 'blobs.hash', 'team_blobs.hash')
    .select((eb) => eb.fn.sum('blobs.size').as('bytes'))
    .where('team_blobs.team_id', '=', team)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('job_blobs')
            .innerJoin('jobs', 'jobs.id', 'job_blobs.job_id')
            .select('job_blobs.hash')
            .whereRef('job_blobs.hash', '=', 'team_blobs.hash')
            .where('jobs.team_id', '=', team)
            .where('jobs.bytes', 'is not', null),
        ),
      ),
    )
    .executeTakeFirst();
  return Number(jobs?.bytes ?? 0) + Number(waiting?.bytes ?? 0);
}
