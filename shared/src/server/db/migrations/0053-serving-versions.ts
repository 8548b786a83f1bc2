import type { Kysely } from 'kysely';

/** The version of a function that goes on with its calls until the active one has its packages. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('functions').addColumn('serving_version', 'integer').execute();
}
