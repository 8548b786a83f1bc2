import { type Kysely, sql } from 'kysely';

/** From whom a function was taken over, who has left its team. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  await db.schema.alterTable('functions').addColumn('taken_over_from', id).execute();
}
