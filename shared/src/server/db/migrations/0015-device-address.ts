import { type Kysely, sql } from 'kysely';

/** Whoever approves a `pilot login` sees where it was asked for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  await db.schema
    .alterTable('device_codes')
    .addColumn('address', sql.raw(mysql ? 'varchar(64)' : 'text'), (c) => c.notNull().defaultTo(''))
    .execute();
}
