import type { BlobHash, FunctionId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { JobRow } from './jobs.ts';
import { noteTeamBlobs } from './team-blobs.ts';
import { unlessThere } from './unless-there.ts';

/** Nobody else deploys it, or changes what it holds, until this transaction is over. Call it first of all. */
export async function lockFunction(db: Db, id: FunctionId): Promise<void> {
  await db
    .updateTable('functions')
    .set((eb) => ({ active_version: eb.ref('active_version') }))
    .where('id', '=', id)
    .execute();
}

/**
 * What the image of a version was found to be: the function holds its parts from now on. Nothing is written where the
 * version is gone. Call it in a transaction that has locked the function.
 */
export async function keepImage(
  db: Db,
  { function: of, version, team }: { function: FunctionId; version: number; team: TeamId },
  image: { json: string; blobs: readonly BlobHash[] },
  now: number,
): Promise<void> {
  const result = await db
    .updateTable('function_versions')
    .set({ image_json: image.json })
    .where('function_id', '=', of)
    .where('version', '=', version)
    .executeTakeFirst();
  if (Number(result.numUpdatedRows) === 0) return;
  await holdForFunction(db, { function: of, team }, image.blobs);
  await noteTeamBlobs(db, team, image.blobs, now);
}

export async function holdForFunction(
  db: Db,
  of: { function: FunctionId; team: TeamId },
  blobs: readonly BlobHash[],
): Promise<void> {
  const held = [...new Set(blobs)].map((hash) => ({ holder: of.function, team_id: of.team, hash }));
  if (held.length > 0) await unlessThere(db, db.insertInto('held_blobs').values(held)).execute();
}

/** Functions that hold what the image of some version is made of. */
export async function functionsHoldingSources(db: Db): Promise<FunctionId[]> {
  const rows = await db
    .selectFrom('function_versions')
    .select('function_id')
    .distinct()
    .where('holds_source', '=', 1)
    .limit(MOST_AT_ONCE)
    .execute();
  return rows.map(({ function_id }) => function_id);
}

const MOST_AT_ONCE = 1_000;

/** The jobs that were to bring the images of such versions. */
export const jobsOfSources = (
  db: Db,
  id: FunctionId,
): Promise<(Pick<JobRow, 'state' | 'state_code' | 'finished_at' | 'updated_at'> & { version: number })[]> =>
  db
    .selectFrom('function_versions as v')
    .innerJoin('jobs as j', 'j.id', 'v.job_id')
    .select(['v.version', 'j.state', 'j.state_code', 'j.finished_at', 'j.updated_at'])
    .where('v.function_id', '=', id)
    .where('v.holds_source', '=', 1)
    .execute();

/** Of these versions it holds none any more, and lets go of these blobs. Call it in a transaction that has locked the function. */
export async function releaseSourcesOf(
  db: Db,
  id: FunctionId,
  versions: readonly number[],
  blobs: readonly BlobHash[],
): Promise<void> {
  await db
    .updateTable('function_versions')
    .set({ holds_source: 0 })
    .where('function_id', '=', id)
    .where('version', 'in', [...versions])
    .execute();
  for (let at = 0; at < blobs.length; at += 500)
    await db
      .deleteFrom('held_blobs')
      .where('holder', '=', id)
      .where('hash', 'in', blobs.slice(at, at + 500))
      .execute();
}
