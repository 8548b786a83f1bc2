import { type Kysely, sql } from 'kysely';

/** Jobs that search for parameters together, and what each came to where they are compared. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const word = sql.raw(mysql ? 'varchar(16) character set ascii collate ascii_bin' : 'text');
  const real = sql.raw(mysql ? 'double' : 'real');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('sweeps')
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('search_json', text, (c) => c.notNull())
    .addColumn('problem', text)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('sweeps_pk', ['team_id', 'id'])
    .execute();
  await db.schema
    .createTable('sweep_members')
    .addColumn('job_id', id, (c) => c.primaryKey())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('sweep_id', id, (c) => c.notNull())
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('held', word)
    .execute();
  await db.schema
    .createIndex('sweep_members_sweep')
    .on('sweep_members')
    .columns(['team_id', 'sweep_id', 'number'])
    .execute();
  await db.schema
    .createTable('sweep_reports')
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('rung', 'integer', (c) => c.notNull())
    .addColumn('iteration', 'integer', (c) => c.notNull())
    .addColumn('value', real)
    .addColumn('metrics_json', text, (c) => c.notNull())
    .addPrimaryKeyConstraint('sweep_reports_pk', ['job_id', 'rung'])
    .execute();
}
