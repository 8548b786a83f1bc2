import { type Kysely, sql } from 'kysely';

/** Jobs that wait for each other, and what they were submitted as until then. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const word = sql.raw(mysql ? 'varchar(64)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('job_dependencies')
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('depends_on', id, (c) => c.notNull())
    .addColumn('runs_on', word, (c) => c.notNull())
    .addPrimaryKeyConstraint('job_dependencies_pk', ['job_id', 'depends_on'])
    .execute();
  await db.schema
    .createIndex('job_dependencies_depends_on')
    .on('job_dependencies')
    .column('depends_on')
    .execute();
  await db.schema.alterTable('jobs').addColumn('unprepared_json', text).execute();
}
