import { type Kysely, sql } from 'kysely';

/** The first schema. Ids are ASCII so that MySQL's index limit is far away; texts are as long as they need. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const word = sql.raw(mysql ? 'varchar(64)' : 'text');
  const line = sql.raw(mysql ? 'varchar(512)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  const time = 'bigint';

  await db.schema
    .createTable('owners')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('created_at', time, (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('jobs')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('owner_id', id, (c) => c.notNull())
    .addColumn('kind', word, (c) => c.notNull())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('state', word, (c) => c.notNull())
    .addColumn('state_from', word)
    .addColumn('state_code', word)
    .addColumn('state_message', text)
    .addColumn('priority', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('spec_json', text, (c) => c.notNull())
    .addColumn('given_json', text)
    .addColumn('settings_json', text)
    .addColumn('created_at', time, (c) => c.notNull())
    .addColumn('updated_at', time, (c) => c.notNull())
    .addColumn('finished_at', time)
    .execute();
  await db.schema.createIndex('jobs_created').on('jobs').columns(['created_at', 'id']).execute();
  await db.schema.createIndex('jobs_state').on('jobs').columns(['state', 'created_at']).execute();

  await db.schema
    .createTable('job_notes')
    .addColumn('id', mysql ? 'bigint' : 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('at', time, (c) => c.notNull())
    .addColumn('level', word, (c) => c.notNull())
    .addColumn('code', word, (c) => c.notNull())
    .addColumn('message', text, (c) => c.notNull())
    .execute();
  await db.schema.createIndex('job_notes_job').on('job_notes').columns(['job_id', 'id']).execute();

  await db.schema
    .createTable('job_blobs')
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('hash', id, (c) => c.notNull())
    .addPrimaryKeyConstraint('job_blobs_pk', ['job_id', 'hash'])
    .execute();
  await db.schema.createIndex('job_blobs_hash').on('job_blobs').column('hash').execute();

  await db.schema
    .createTable('stages')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('ordinal', 'integer', (c) => c.notNull())
    .addColumn('name', word, (c) => c.notNull())
    .addColumn('state', word, (c) => c.notNull())
    .addColumn('spec_json', text, (c) => c.notNull())
    .addColumn('inputs_json', text, (c) => c.notNull())
    .addColumn('requirements_json', text, (c) => c.notNull())
    .addColumn('affinity', line, (c) => c.notNull())
    .addColumn('chunk_count', 'integer', (c) => c.notNull())
    .addColumn('planned_at', time, (c) => c.notNull())
    .addColumn('closed_at', time)
    .execute();
  await db.schema.createIndex('stages_job').on('stages').columns(['job_id', 'ordinal']).unique().execute();
  await db.schema.createIndex('stages_state').on('stages').column('state').execute();

  await db.schema
    .createTable('chunks')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('stage_id', id, (c) => c.notNull())
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('ordinal', 'integer', (c) => c.notNull())
    .addColumn('spec_json', text, (c) => c.notNull())
    .addColumn('state', word, (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('lease_id', id)
    .addColumn('worker_id', id)
    .addColumn('started_at', time)
    .addColumn('finished_at', time)
    .addColumn('result_json', text)
    .addColumn('files_json', text)
    .addColumn('failure_code', word)
    .addColumn('failure_message', text)
    .execute();
  await db.schema
    .createIndex('chunks_stage')
    .on('chunks')
    .columns(['stage_id', 'ordinal'])
    .unique()
    .execute();
  // Covers the counts by state of a job's stage, the figure every list and page shows.
  await db.schema.createIndex('chunks_state').on('chunks').columns(['stage_id', 'state']).execute();
  await db.schema.createIndex('chunks_job').on('chunks').columns(['job_id', 'state']).execute();

  await db.schema
    .createTable('leases')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('chunk_id', id, (c) => c.notNull())
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('worker_id', id, (c) => c.notNull())
    .addColumn('granted_at', time, (c) => c.notNull())
    .addColumn('started_at', time)
    .addColumn('ended_at', time)
    .addColumn('outcome', word)
    .addColumn('failure_code', word)
    .addColumn('failure_message', text)
    .addColumn('busy_ms', sql.raw('double precision'))
    .addColumn('log', text)
    .execute();
  await db.schema.createIndex('leases_chunk').on('leases').column('chunk_id').execute();
  await db.schema.createIndex('leases_job').on('leases').columns(['job_id', 'outcome']).execute();
  await db.schema.createIndex('leases_open').on('leases').columns(['ended_at', 'worker_id']).execute();

  await db.schema
    .createTable('workers')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('identity_hash', id, (c) => c.notNull())
    .addColumn('owner_id', id, (c) => c.notNull())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('status', word, (c) => c.notNull())
    .addColumn('slots', 'integer', (c) => c.notNull())
    .addColumn('capabilities_json', text, (c) => c.notNull())
    .addColumn('machine_json', text, (c) => c.notNull())
    .addColumn('first_seen_at', time, (c) => c.notNull())
    .addColumn('connected_at', time)
    .addColumn('last_seen_at', time, (c) => c.notNull())
    .addColumn('chunks_done', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('chunks_failed', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();

  await db.schema
    .createTable('blobs')
    .addColumn('hash', id, (c) => c.primaryKey())
    .addColumn('size', time, (c) => c.notNull())
    .addColumn('media_type', line, (c) => c.notNull())
    .addColumn('created_at', time, (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('artifacts')
    .addColumn('job_id', id, (c) => c.notNull())
    .addColumn('name', sql.raw(mysql ? 'varchar(255)' : 'text'), (c) => c.notNull())
    .addColumn('hash', id, (c) => c.notNull())
    .addColumn('size', time, (c) => c.notNull())
    .addColumn('media_type', line, (c) => c.notNull())
    .addColumn('created_at', time, (c) => c.notNull())
    .addPrimaryKeyConstraint('artifacts_pk', ['job_id', 'name'])
    .execute();
}
