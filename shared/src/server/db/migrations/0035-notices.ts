import { type Kysely, sql } from 'kysely';

/** Where people are told of their jobs, and what they are told: an outbox that is written with what causes it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const key = sql.raw(mysql ? 'varchar(190) character set ascii collate ascii_bin' : 'text');
  const word = sql.raw(mysql ? 'varchar(64)' : 'text');
  const line = sql.raw(mysql ? 'varchar(512)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('notice_channels')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('team_id', id)
    .addColumn('type', word, (c) => c.notNull())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('address', text, (c) => c.notNull())
    .addColumn('address_hash', id, (c) => c.notNull())
    .addColumn('keys_json', text)
    .addColumn('events', line, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('claimed_by', line)
    .addColumn('claimed_until', 'bigint')
    .addColumn('next_at', 'bigint')
    .addColumn('failing_since', 'bigint')
    .addColumn('problem', text)
    .execute();
  await db.schema
    .createTable('notices')
    .addColumn('id', mysql ? 'bigint' : 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('channel_id', id, (c) => c.notNull())
    .addColumn('once_key', key, (c) => c.notNull())
    .addColumn('job_id', id)
    .addColumn('team_id', id)
    .addColumn('event', word, (c) => c.notNull())
    .addColumn('subject_json', text, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('state', word, (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('tries_json', text)
    .execute();
  const indexes = [
    ['notice_channels_person', 'notice_channels', ['person_id'], false],
    ['notice_channels_address', 'notice_channels', ['address_hash'], false],
    ['notices_once', 'notices', ['channel_id', 'once_key'], true],
    ['notices_due', 'notices', ['state', 'next_at'], false],
    ['notices_job', 'notices', ['job_id'], false],
    ['notices_at', 'notices', ['at'], false],
  ] as const;
  for (const [name, table, columns, unique] of indexes) {
    const index = db.schema
      .createIndex(name)
      .on(table)
      .columns([...columns]);
    await (unique ? index.unique() : index).execute();
  }
  await db.schema.alterTable('farm_settings').addColumn('private_addresses', 'integer').execute();
}
