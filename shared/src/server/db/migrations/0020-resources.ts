import { type Kysely, sql } from 'kysely';

/** What chunks ask for, what workers offer, and what was seen in use. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const text = sql.raw(mysql ? 'longtext' : 'text');
  for (const [table, column] of COLUMNS) await db.schema.alterTable(table).addColumn(column, text).execute();
  await db.schema.alterTable('leases').addColumn('peak_memory_bytes', 'bigint').execute();
}

const COLUMNS = [
  ['jobs', 'asked_json'],
  ['stages', 'asked_json'],
  ['workers', 'offer_json'],
] as const;
