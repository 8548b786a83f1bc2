import { type Kysely, sql } from 'kysely';

/** How many calls of functions teams and people have had begun, by day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const ascii = (length: number) =>
    sql.raw(mysql ? `varchar(${length}) character set ascii collate ascii_bin` : 'text');
  await db.schema
    .createTable('calls_by_day')
    .addColumn('holder', ascii(64), (c) => c.notNull())
    .addColumn('day', ascii(10), (c) => c.notNull())
    .addColumn('calls', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('calls_by_day_pk', ['holder', 'day'])
    .execute();
}
