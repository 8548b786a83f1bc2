import { type Kysely, sql } from 'kysely';

/** What admins set for the whole farm. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const real = sql.raw(mysql ? 'double' : 'real');
  await db.schema
    .createTable('farm_settings')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('deadline_first', real)
    .addColumn('deadline_preempt', real)
    .execute();
}
