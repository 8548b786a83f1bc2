import { type Kysely, sql } from 'kysely';

/** What people were told on the site, whether they have looked at it, and when that changed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const key = sql.raw(mysql ? 'varchar(190) character set ascii collate ascii_bin' : 'text');
  const word = sql.raw(mysql ? 'varchar(64)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('person_notices')
    .addColumn('id', mysql ? 'bigint' : 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('once_key', key, (c) => c.notNull())
    .addColumn('event', word, (c) => c.notNull())
    .addColumn('subject_json', text, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('is_read', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .execute();
  const indexes = [
    ['person_notices_once', ['person_id', 'once_key'], true],
    ['person_notices_newest', ['person_id', 'team_id', 'id'], false],
    ['person_notices_unread', ['person_id', 'team_id', 'is_read'], false],
    ['person_notices_changed', ['person_id', 'changed_at'], false],
    ['person_notices_job', ['job_id'], false],
    ['person_notices_at', ['at'], false],
  ] as const;
  for (const [name, columns, unique] of indexes) {
    const index = db.schema
      .createIndex(name)
      .on('person_notices')
      .columns([...columns]);
    await (unique ? index.unique() : index).execute();
  }
}
