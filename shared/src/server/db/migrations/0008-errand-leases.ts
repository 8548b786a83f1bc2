import type { Kysely } from 'kysely';

/** Until when the process that is at an errand holds it, unless it says again that it is at it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('errands').addColumn('expires_at', 'bigint').execute();
}
