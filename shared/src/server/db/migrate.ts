import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import * as first from './migrations/0001-first.ts';
import * as rounds from './migrations/0002-rounds.ts';
import * as sessions from './migrations/0003-sessions.ts';
import * as errands from './migrations/0004-errands.ts';
import * as jobTimes from './migrations/0006-job-times.ts';
import * as iterations from './migrations/0007-iterations.ts';
import * as plainNames from './migrations/0010-plain-names.ts';
import * as taskLeases from './migrations/0011-task-leases.ts';
import * as stageMemory from './migrations/0012-stage-memory.ts';
import * as people from './migrations/0013-people.ts';
import * as accounts from './migrations/0014-accounts.ts';
import * as deviceAddress from './migrations/0015-device-address.ts';
import * as machines from './migrations/0016-machines.ts';
import * as limits from './migrations/0017-limits.ts';
import * as resultsOfLeases from './migrations/0018-results-of-leases.ts';
import * as placement from './migrations/0019-placement.ts';
import * as resources from './migrations/0020-resources.ts';
import * as deadlines from './migrations/0021-deadlines.ts';
import * as lending from './migrations/0022-lending.ts';
import * as load from './migrations/0023-load.ts';
import * as farmSettings from './migrations/0024-farm-settings.ts';
import * as gangs from './migrations/0028-gangs.ts';
import * as sweeps from './migrations/0030-sweeps.ts';
import * as dependencies from './migrations/0031-dependencies.ts';
import * as functions from './migrations/0033-functions.ts';
import * as pipelines from './migrations/0034-pipelines.ts';
import * as notices from './migrations/0035-notices.ts';
import * as templates from './migrations/0036-templates.ts';
import * as settingsOfKinds from './migrations/0037-settings-of-kinds.ts';
import * as environments from './migrations/0038-environments.ts';
import * as pinnedChunks from './migrations/0041-pinned-chunks.ts';
import * as callsByDay from './migrations/0043-calls-by-day.ts';
import * as functionsTakenOver from './migrations/0044-functions-taken-over.ts';
import * as pipelinesAsTemplates from './migrations/0050-pipelines-as-templates.ts';
import * as noticesOfPeople from './migrations/0051-notices-of-people.ts';
import * as callFiles from './migrations/0052-call-files.ts';
import * as servingVersions from './migrations/0053-serving-versions.ts';
import * as imagesOfFunctions from './migrations/0054-images-of-functions.ts';
import * as versionsTriedAgain from './migrations/0056-versions-tried-again.ts';
import { JOURNAL, resumable } from './resumable-migration.ts';

const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-rounds': rounds,
  '0003-sessions': sessions,
  '0004-errands': errands,
  '0006-job-times': jobTimes,
  '0007-iterations': iterations,
  '0010-plain-names': plainNames,
  '0011-task-leases': taskLeases,
  '0012-stage-memory': stageMemory,
  '0013-people': people,
  '0014-accounts': accounts,
  '0015-device-address': deviceAddress,
  '0016-machines': machines,
  '0017-limits': limits,
  '0018-results-of-leases': resultsOfLeases,
  '0019-placement': placement,
  '0020-resources': resources,
  '0021-deadlines': deadlines,
  '0022-lending': lending,
  '0023-load': load,
  '0024-farm-settings': farmSettings,
  '0028-gangs': gangs,
  '0030-sweeps': sweeps,
  '0031-dependencies': dependencies,
  '0033-functions': functions,
  '0034-pipelines': pipelines,
  '0035-notices': notices,
  '0036-templates': templates,
  '0037-settings-of-kinds': settingsOfKinds,
  '0038-environments': environments,
  '0041-pinned-chunks': pinnedChunks,
  '0043-calls-by-day': callsByDay,
  '0044-functions-taken-over': functionsTakenOver,
  '0050-pipelines-as-templates': pipelinesAsTemplates,
  '0051-notices-of-people': noticesOfPeople,
  '0052-call-files': callFiles,
  '0053-serving-versions': servingVersions,
  '0054-images-of-functions': imagesOfFunctions,
  '0056-versions-tried-again': versionsTriedAgain,
};

/** A sentence: this version is older than what the database was last used with. */
export class NewerSchema extends Error {}

/**
 * Brings the schema to the newest version. Several processes may call it at once: the others wait for the first, and
 * where that one dies the next goes on with what it left. Throws NewerSchema, having changed nothing.
 */
export async function migrate(db: Db): Promise<void> {
  await refuseNewerSchema(db);
  const { error } = await migratorOf(db).migrateToLatest();
  if (error !== undefined) {
    // It may have been changed just now, by a newer version that starts beside this one.
    await refuseNewerSchema(db);
    throw error;
  }
  await forgetFinished(db);
}

/** What brings the schema from one version to the next. */
export const migratorOf = (db: Db): Migrator =>
  new Migrator({
    db,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(migrations).map(([name, migration]) => [name, resumable(name, migration)]),
        ),
    },
  });

async function refuseNewerSchema(db: Db): Promise<void> {
  const begun = [
    ...(await namesIn(db, 'kysely_migration', 'name')),
    ...(await namesIn(db, JOURNAL, 'migration')),
  ];
  const unknown = begun.filter((name) => !(name in migrations)).toSorted();
  const [last] = unknown.slice(-1);
  if (last === undefined) return;
  const known = Object.keys(migrations).at(-1);
  throw new NewerSchema(
    `The database was moved to a newer schema (${last}) by a newer version of Parallel Pilot; this version knows it up to ${known}. Start the newer version, or go back to a copy of the database that was made before it.`,
  );
}

async function namesIn(db: Db, table: string, column: string): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === table)) return [];
  const { rows } = await sql<{ name: string }>`
    select distinct ${sql.ref(column)} as name from ${sql.table(table)}`.execute(db);
  return rows.map(({ name }) => name);
}

/** All that this version knows is done and stands in Kysely's own list. A newer version may be at its own. */
async function forgetFinished(db: Db): Promise<void> {
  if (!isMysql(db)) return;
  if ((await namesIn(db, JOURNAL, 'migration')).length === 0) return;
  await sql`delete from ${sql.table(JOURNAL)} where migration in (${sql.join(Object.keys(migrations))})`.execute(
    db,
  );
}
