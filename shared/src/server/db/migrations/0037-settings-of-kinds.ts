import { type Kysely, sql } from 'kysely';

/** What admins set for all jobs of a kind. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema.alterTable('farm_settings').addColumn('kinds_json', text).execute();
}
