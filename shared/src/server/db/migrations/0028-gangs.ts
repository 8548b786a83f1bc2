import type { Kysely } from 'kysely';

/** Stages whose chunks are worked on together, and how many leases were granted together. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('stages').addColumn('gang_min', 'integer').execute();
  await db.schema.alterTable('leases').addColumn('gang_size', 'integer').execute();
}
