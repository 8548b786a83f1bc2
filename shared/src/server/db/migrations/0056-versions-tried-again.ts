import type { Kysely } from 'kysely';

/**
 * How often in a row the packages or the image of a version were not to be had, and whether its function holds for it what
 * that image is made of. What the versions hold of before is found out by whoever next looks what is needed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['tries', 'holds_source'])
    await db.schema
      .alterTable('function_versions')
      .addColumn(column, 'integer', (c) => c.notNull().defaultTo(column === 'tries' ? 0 : 1))
      .execute();
}
