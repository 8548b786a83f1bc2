import { type Kysely, sql } from 'kysely';

/** Pools of workers, what workers say of themselves at their start, and which workers a job asks for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  for (const column of ['pools_json', 'said_tags_json', 'said_pools_json'])
    await db.schema.alterTable('workers').addColumn(column, text).execute();
  await db.schema.alterTable('jobs').addColumn('placement_json', text).execute();
}
