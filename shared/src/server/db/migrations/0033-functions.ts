import { type Kysely, sql } from 'kysely';

/** Functions, their versions and calls; blobs that are kept for something that is no job; stages that last and grow. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const ascii = (length: number) =>
    sql.raw(mysql ? `varchar(${length}) character set ascii collate ascii_bin` : 'text');
  const id = ascii(64);
  const name = ascii(200);
  const real = sql.raw(mysql ? 'double' : 'real');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('functions')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('name', id, (c) => c.notNull())
    .addColumn('active_version', 'integer', (c) => c.notNull())
    .addColumn('public_token_hash', id)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('functions_name')
    .on('functions')
    .columns(['team_id', 'name'])
    .unique()
    .execute();
  await db.schema
    .createTable('function_versions')
    .addColumn('function_id', id, (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('spec_json', text, (c) => c.notNull())
    .addColumn('job_id', id)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('function_versions_pk', ['function_id', 'version'])
    .execute();
  await db.schema
    .createTable('calls')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('function_id', id, (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('person_id', id)
    .addColumn('how', id, (c) => c.notNull())
    .addColumn('state', id, (c) => c.notNull())
    .addColumn('idempotency_key', name)
    .addColumn('event_json', text)
    .addColumn('answer_json', text)
    .addColumn('code', id)
    .addColumn('message', text)
    .addColumn('log', text)
    .addColumn('worker_id', id)
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('ms', real)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('process', id)
    .addColumn('expires_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('calls_key')
    .on('calls')
    .columns(['function_id', 'idempotency_key'])
    .unique()
    .execute();
  await db.schema
    .createIndex('calls_newest')
    .on('calls')
    .columns(['function_id', 'created_at', 'id'])
    .execute();
  await db.schema.createIndex('calls_open').on('calls').columns(['state', 'expires_at']).execute();
  await db.schema
    .createTable('held_blobs')
    .addColumn('holder', id, (c) => c.notNull())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('hash', id, (c) => c.notNull())
    .addPrimaryKeyConstraint('held_blobs_pk', ['holder', 'hash'])
    .execute();
  await db.schema.createIndex('held_blobs_hash').on('held_blobs').columns(['hash', 'team_id']).execute();
  await db.schema.alterTable('stages').addColumn('lasting', 'integer').execute();
}
