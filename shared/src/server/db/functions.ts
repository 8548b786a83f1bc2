import type { Insertable, Selectable } from 'kysely';
import type { BlobHash, FunctionId, JobId, PersonId, TeamId } from '../../model/ids.ts';
import { releaseFilesOf } from './call-records.ts';
import type { Db } from './connect.ts';
import { holdForFunction } from './function-images.ts';
import type { FunctionsTable, FunctionVersionsTable } from './schema/functions.ts';
import { unlessThere } from './unless-there.ts';

export type FunctionRow = Selectable<FunctionsTable>;
export type VersionRow = Selectable<FunctionVersionsTable>;

export const findFunction = (db: Db, team: TeamId, name: string): Promise<FunctionRow | undefined> =>
  db
    .selectFrom('functions')
    .selectAll()
    .where('team_id', '=', team)
    .where('name', '=', name)
    .executeTakeFirst();

export const functionById = (db: Db, id: FunctionId): Promise<FunctionRow | undefined> =>
  db.selectFrom('functions').selectAll().where('id', '=', id).executeTakeFirst();

/** By name, of the team. */
export const functionsOf = (db: Db, team: TeamId): Promise<FunctionRow[]> =>
  db
    .selectFrom('functions')
    .selectAll()
    .where('team_id', '=', team)
    .orderBy('name')
    .limit(MOST_FUNCTIONS)
    .execute();

/** Of one team. */
export const MOST_FUNCTIONS = 1_000;

/** Every function of the farm with its active version, and with the one that takes calls for that. */
export const activeVersions = (db: Db): Promise<(VersionRow & { team_id: TeamId })[]> =>
  db
    .selectFrom('functions as f')
    .innerJoin('function_versions as v', (join) =>
      join
        .onRef('v.function_id', '=', 'f.id')
        .on((eb) =>
          eb.or([
            eb('v.version', '=', eb.ref('f.active_version')),
            eb('v.version', '=', eb.ref('f.serving_version')),
          ]),
        ),
    )
    .selectAll('v')
    .select('f.team_id')
    .execute();

/** Active versions for which another takes the calls. */
export const functionsServedByAnother = (
  db: Db,
): Promise<(VersionRow & { team_id: TeamId; serving: number })[]> =>
  db
    .selectFrom('functions as f')
    .innerJoin('function_versions as v', (join) =>
      join.onRef('v.function_id', '=', 'f.id').onRef('v.version', '=', 'f.active_version'),
    )
    .selectAll('v')
    .select(['f.team_id', 'f.serving_version as serving'])
    .where('f.serving_version', 'is not', null)
    .$narrowType<{ serving: number }>()
    .execute();

/** Newest first. */
export const versionsOf = (db: Db, id: FunctionId): Promise<VersionRow[]> =>
  db
    .selectFrom('function_versions')
    .selectAll()
    .where('function_id', '=', id)
    .orderBy('version', 'desc')
    .limit(MOST_VERSIONS)
    .execute();

/** That are kept of one function. */
export const MOST_VERSIONS = 100;

export const findVersion = (db: Db, id: FunctionId, version: number): Promise<VersionRow | undefined> =>
  db
    .selectFrom('function_versions')
    .selectAll()
    .where('function_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst();

/** False where the team has one of that name already. Call it, and what follows, in a transaction. */
export async function insertFunction(db: Db, row: Insertable<FunctionsTable>): Promise<boolean> {
  const result = await unlessThere(db, db.insertInto('functions').values(row)).executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
}

/** Adds the next version of a function, active from now on, and holds its blobs; returns its number. `serving`: see activate. */
export async function addVersion(
  db: Db,
  of: { function: FunctionId; team: TeamId; now: number; serving: number | null },
  make: (
    version: number,
  ) => Omit<Insertable<FunctionVersionsTable>, 'function_id' | 'version' | 'created_at'>,
  blobs: readonly BlobHash[],
): Promise<number> {
  // Locks the row, also where two deploy at once.
  await touch(db, of.function, of.now);
  const newest = await db
    .selectFrom('function_versions')
    .select((eb) => eb.fn.max('version').as('version'))
    .where('function_id', '=', of.function)
    .executeTakeFirst();
  const version = Number(newest?.version ?? 0) + 1;
  const row = { ...make(version), function_id: of.function, version, created_at: of.now };
  await db.insertInto('function_versions').values(row).execute();
  await activate(db, of.function, { version, serving: of.serving }, of.now);
  await holdForFunction(db, of, blobs);
  await db
    .deleteFrom('function_versions')
    .where('function_id', '=', of.function)
    .where('version', '<=', version - MOST_VERSIONS)
    .execute();
  return version;
}

const touch = (db: Db, id: FunctionId, now: number) =>
  db.updateTable('functions').set({ updated_at: now }).where('id', '=', id).execute();

/** `serving`: the version that takes the calls until this one can; null where it takes them at once. */
export async function activate(
  db: Db,
  id: FunctionId,
  { version, serving }: { version: number; serving: number | null },
  now: number,
): Promise<void> {
  await db
    .updateTable('functions')
    .set({ active_version: version, serving_version: serving, updated_at: now })
    .where('id', '=', id)
    .execute();
}

/** The active version takes its calls itself from now on. Compare-and-set. */
export async function serveActive(
  db: Db,
  id: FunctionId,
  { active, serving }: { active: number; serving: number },
): Promise<void> {
  await db
    .updateTable('functions')
    .set({ serving_version: null })
    .where('id', '=', id)
    .where('active_version', '=', active)
    .where('serving_version', '=', serving)
    .execute();
}

/** Null takes it away. */
export async function setPublicToken(db: Db, id: FunctionId, hash: string | null): Promise<void> {
  await db.updateTable('functions').set({ public_token_hash: hash }).where('id', '=', id).execute();
}

/** Compare-and-set: false where another process gave the version a job meanwhile. `tries`: see the schema. */
export async function setJobOfVersion(
  db: Db,
  { function_id, version, job_id }: Pick<VersionRow, 'function_id' | 'version' | 'job_id'>,
  { job, tries }: { job: JobId; tries: number },
): Promise<boolean> {
  const result = await db
    .updateTable('function_versions')
    .set({ job_id: job, tries })
    .where('function_id', '=', function_id)
    .where('version', '=', version)
    .where('job_id', job_id === null ? 'is' : '=', job_id)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** With its versions, its calls, and what it holds. Call it in a transaction. */
export async function deleteFunction(db: Db, id: FunctionId): Promise<void> {
  await releaseFilesOf(db, { function: id, ended: false, before: Number.MAX_SAFE_INTEGER });
  await db.deleteFrom('calls').where('function_id', '=', id).execute();
  await db.deleteFrom('held_blobs').where('holder', '=', id).execute();
  await db.deleteFrom('function_versions').where('function_id', '=', id).execute();
  await db.deleteFrom('functions').where('id', '=', id).execute();
}

/** All of a team that is removed. */
export async function deleteFunctionsOf(db: Db, team: TeamId): Promise<void> {
  for (const { id } of await functionsOf(db, team)) await deleteFunction(db, id);
}

/** What somebody who leaves has in this team, or in any, goes to its owner: of several to who came first. Call it in a transaction. */
export async function passFunctions(db: Db, person: PersonId, of: TeamId | null): Promise<void> {
  const theirs = await db
    .selectFrom('functions')
    .select('team_id')
    .distinct()
    .where('person_id', '=', person)
    .$if(of !== null, (query) => query.where('team_id', '=', of as TeamId))
    .execute();
  for (const { team_id } of theirs) {
    const owner = await db
      .selectFrom('team_members')
      .select('person_id')
      .where('team_id', '=', team_id)
      .where('role', '=', 'owner')
      .where('person_id', '<>', person)
      .orderBy('joined_at')
      .orderBy('person_id')
      .executeTakeFirst();
    if (owner === undefined) continue;
    await db
      .updateTable('functions')
      .set({ person_id: owner.person_id, taken_over_from: person })
      .where('team_id', '=', team_id)
      .where('person_id', '=', person)
      .execute();
  }
}

/** Whose they are, and were, by name. */
export const namesOfOwners = (
  db: Db,
  functions: readonly FunctionId[],
): Promise<{ id: FunctionId; owner: string; before: string | null }[]> =>
  functions.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('functions as f')
        .innerJoin('people as p', 'p.id', 'f.person_id')
        .leftJoin('people as b', 'b.id', 'f.taken_over_from')
        .select(['f.id', 'p.name as owner', 'b.name as before'])
        .where('f.id', 'in', [...functions])
        .execute();
