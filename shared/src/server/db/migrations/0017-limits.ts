import { type Kysely, sql } from 'kysely';

/** What is used of limits that are counted, admins who act as others, people who are gone, and ways into the audit. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  await db.schema
    .createTable('usage_by_month')
    .ifNotExists()
    .addColumn('holder', id, (c) => c.notNull())
    .addColumn('month', id, (c) => c.notNull())
    .addColumn('busy_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('usage_by_month_pk', ['holder', 'month'])
    .execute();
  await db.schema
    .createTable('impersonations')
    .ifNotExists()
    .addColumn('token_hash', id, (c) => c.primaryKey())
    .addColumn('admin_id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  const tables = await db.introspection.getTables();
  const people = tables.find(({ name }) => name === 'people');
  if (!people?.columns.some(({ name }) => name === 'deleted_at'))
    await db.schema.alterTable('people').addColumn('deleted_at', 'bigint').execute();
  for (const [name, table, column] of INDEXES) await createIndex(db, { name, table, column, mysql });
}

const INDEXES = [
  ['audit_person', 'audit', 'person_id'],
  ['audit_team', 'audit', 'team_id'],
  ['audit_target', 'audit', 'target'],
  ['jobs_person', 'jobs', 'person_id'],
] as const;

async function createIndex(
  db: Kysely<unknown>,
  { name, table, column, mysql }: { name: string; table: string; column: string; mysql: boolean },
): Promise<void> {
  if (mysql) {
    const { rows } = await sql`select 1 from information_schema.statistics where table_schema = database()
      and table_name = ${table} and index_name = ${name}`.execute(db);
    if (rows.length > 0) return;
  }
  const index = db.schema.createIndex(name).on(table).column(column);
  await (mysql ? index : index.ifNotExists()).execute();
}
