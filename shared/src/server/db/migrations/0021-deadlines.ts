import type { Kysely } from 'kysely';

/** By when a job should be done, and what was last told of that. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('jobs').addColumn('deadline', 'bigint').execute();
  await db.schema.alterTable('jobs').addColumn('deadline_told', 'varchar(32)').execute();
}
