import { type Kysely, sql } from 'kysely';

/** What a pipeline was asked for as, with places for its parameters: so that it can be saved as a template. Those before have none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema.alterTable('pipelines').addColumn('template_parameters_json', text).execute();
  await db.schema.alterTable('pipelines').addColumn('template_jobs_json', text).execute();
}
