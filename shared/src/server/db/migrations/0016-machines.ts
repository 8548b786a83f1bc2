import { type Kysely, sql } from 'kysely';

/** How loaded workers were over the last day, and a way to what each has done. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const real = sql.raw(mysql ? 'double' : 'real');
  await db.schema
    .createTable('worker_loads')
    .addColumn('worker_id', id, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('cpu', real, (c) => c.notNull())
    .addColumn('memory_used_bytes', real, (c) => c.notNull())
    .addColumn('load_average', real, (c) => c.notNull())
    .addColumn('busy', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('worker_loads_pk', ['worker_id', 'at'])
    .execute();
  await db.schema.createIndex('worker_loads_at').on('worker_loads').column('at').execute();
  await db.schema
    .createIndex('leases_worker')
    .on('leases')
    .columns(['worker_id', 'granted_at', 'id'])
    .execute();
}
