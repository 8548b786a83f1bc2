import { type Kysely, sql } from 'kysely';

/** What the image of a version was found to be, taken apart. Jobs of those before begin with it once more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema.alterTable('function_versions').addColumn('image_json', text).execute();
}
