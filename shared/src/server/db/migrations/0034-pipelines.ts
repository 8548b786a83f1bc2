import { type Kysely, sql } from 'kysely';

/** Jobs that were submitted together, as one file says it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('pipelines')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('request_id', id, (c) => c.notNull())
    .addColumn('source_name', text)
    .addColumn('source_text', text)
    .addColumn('parameters_json', text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('pipelines_request')
    .unique()
    .on('pipelines')
    .columns(['team_id', 'request_id'])
    .execute();
  await db.schema
    .createIndex('pipelines_newest')
    .on('pipelines')
    .columns(['team_id', 'created_at'])
    .execute();
  await db.schema
    .createTable('pipeline_jobs')
    .addColumn('job_id', id, (c) => c.primaryKey())
    .addColumn('pipeline_id', id, (c) => c.notNull())
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('matrix', text, (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('pipeline_jobs_pipeline')
    .on('pipeline_jobs')
    .columns(['pipeline_id', 'number'])
    .execute();
}
