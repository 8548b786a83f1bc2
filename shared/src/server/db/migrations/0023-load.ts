import { type Kysely, sql } from 'kysely';

/** What there was to do and could be done in each quarter hour, and the network that forecasts it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const real = sql.raw(mysql ? 'double' : 'real');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  let table = db.schema.createTable('load_by_quarter').addColumn('at', 'bigint', (c) => c.primaryKey());
  for (const column of ['arrived_ms', 'open_ms', 'waiting_ms', 'capacity_ms'])
    table = table.addColumn(column, 'bigint', (c) => c.notNull().defaultTo(0));
  await table
    .addColumn('speed', real, (c) => c.notNull().defaultTo(0))
    .addColumn('workers', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('noted_at', 'bigint')
    .execute();
  await db.schema
    .createTable('forecast_networks')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('weights', text, (c) => c.notNull())
    .addColumn('job_name', text, (c) => c.notNull())
    .addColumn('taken_at', 'bigint', (c) => c.notNull())
    .execute();
}
