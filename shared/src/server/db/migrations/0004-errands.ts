import { type Kysely, sql } from 'kysely';

/** The backend's own work while it is under way: what a process that dies leaves behind of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  await db.schema
    .createTable('errands')
    .addColumn('job_id', id, (c) => c.primaryKey())
    .addColumn('process', sql.raw(mysql ? 'varchar(512)' : 'text'))
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('deaths', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
}
