import { type Kysely, sql } from 'kysely';

/** How much of a worker's machine is lent, and when. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  for (const column of ['lending_json', 'said_lending_json'])
    await db.schema.alterTable('workers').addColumn(column, text).execute();
}
