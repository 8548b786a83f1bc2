import { type Kysely, sql } from 'kysely';

/** Pipelines that are kept to be run again. What they need is held as that of functions is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const name = sql.raw(mysql ? 'varchar(100)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('templates')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('name', name, (c) => c.notNull())
    .addColumn('source_name', text)
    .addColumn('source_text', text)
    .addColumn('parameters_json', text, (c) => c.notNull())
    .addColumn('fixed_json', text, (c) => c.notNull())
    .addColumn('jobs_json', text, (c) => c.notNull())
    .addColumn('job_count', 'integer', (c) => c.notNull())
    .addColumn('saved_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('templates_name')
    .unique()
    .on('templates')
    .columns(['team_id', 'name'])
    .execute();
}
