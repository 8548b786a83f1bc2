import { type Kysely, sql } from 'kysely';

/** Which worker alone may run which chunk of a stage. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema.alterTable('stages').addColumn('pins_json', text).execute();
}
