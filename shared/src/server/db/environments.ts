import { sql } from 'kysely';
import type { BlobHash, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { JobRow } from './jobs.ts';

export type EnvironmentKey = { team: TeamId; key: string };

/** What the kind noted of one that was made, JSON; null where there is none. It is used from now on. */
export async function findEnvironment(
  db: Db,
  { team, key }: EnvironmentKey,
  now: number,
): Promise<string | null> {
  const row = await db
    .selectFrom('environments')
    .select('environment_json')
    .where('team_id', '=', team)
    .where('key_hash', '=', key)
    .executeTakeFirst();
  if (row === undefined) return null;
  const used = await db
    .updateTable('environments')
    .set({ used_at: now })
    .where('team_id', '=', team)
    .where('key_hash', '=', key)
    .executeTakeFirst();
  // It may have been forgotten in between, and its file with it.
  return used.numUpdatedRows === 0n ? null : row.environment_json;
}

/** The newest of a key stands. */
export async function keepEnvironment(
  db: Db,
  { team, key }: EnvironmentKey,
  hash: BlobHash,
  environment_json: string,
  now: number,
): Promise<void> {
  const mysql = isMysql(db);
  const insert = db
    .insertInto('environments')
    .values({ team_id: team, key_hash: key, hash, environment_json, used_at: now });
  await (mysql
    ? insert.onDuplicateKeyUpdate({
        hash: sql`values(hash)`,
        environment_json: sql`values(environment_json)`,
        used_at: sql`values(used_at)`,
      })
    : insert.onConflict((conflict) =>
        conflict.columns(['team_id', 'key_hash']).doUpdateSet((eb) => ({
          hash: eb.ref('excluded.hash'),
          environment_json: eb.ref('excluded.environment_json'),
          used_at: eb.ref('excluded.used_at'),
        })),
      )
  ).execute();
}

/**
 * Of the work that a team's jobs before this one are at, as urgent as it and for the same workers, in their order, the specs of those at these stages since
 * `plannedSince`: 200 at most.
 */
export async function specsAtStages(
  db: Db,
  job: Pick<JobRow, 'id' | 'team_id' | 'kind' | 'created_at' | 'priority' | 'placement_json'>,
  { stages, plannedSince }: { stages: readonly string[]; plannedSince: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .innerJoin('stages', 'stages.job_id', 'jobs.id')
    .select('jobs.spec_json')
    .where('jobs.team_id', '=', job.team_id)
    .where('jobs.kind', '=', job.kind)
    .where('jobs.priority', '>=', job.priority)
    .where((eb) =>
      job.placement_json === null
        ? eb('jobs.placement_json', 'is', null)
        : eb('jobs.placement_json', '=', job.placement_json),
    )
    .where('jobs.state', 'in', ['preparing', 'queued', 'running'])
    .where('stages.state', '=', 'open')
    .where('stages.name', 'in', stages)
    .where('stages.planned_at', '>=', plannedSince)
    .where((eb) =>
      eb.or([
        eb('jobs.created_at', '<', job.created_at),
        eb.and([eb('jobs.created_at', '=', job.created_at), eb('jobs.id', '<', job.id)]),
      ]),
    )
    .orderBy('jobs.created_at')
    .orderBy('jobs.id')
    .limit(200)
    .execute();
  return rows.map((row) => row.spec_json);
}

/** Forgets those that no job used since: their files go with the next sweep of blobs. */
export async function forgetEnvironments(db: Db, usedBefore: number): Promise<void> {
  await db.deleteFrom('environments').where('used_at', '<', usedBefore).execute();
}
