import { type Kysely, sql } from 'kysely';

/** What a kind found in a stage's results and must know again when some of them were made anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  await db.schema
    .alterTable('stages')
    .addColumn('memory_json', sql.raw(mysql ? 'longtext' : 'text'))
    .execute();
}
