import type { Kysely } from 'kysely';

/** Until when the process that is at a background task holds it, unless it says again that it is at it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('background_tasks').addColumn('expires_at', 'bigint').execute();
}
