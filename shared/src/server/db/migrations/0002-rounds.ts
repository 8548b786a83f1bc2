import { type Kysely, sql } from 'kysely';

/** For jobs of many stages: stages that may close at a quorum, the part of the job each is, and jobs that belong together. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const fraction = sql.raw('double precision');

  // One column a statement: SQLite knows no other way.
  await db.schema.alterTable('stages').addColumn('quorum', 'integer').execute();
  await db.schema.alterTable('stages').addColumn('quorum_after_ms', 'bigint').execute();
  await db.schema
    .alterTable('stages')
    .addColumn('span_from', fraction, (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('stages')
    .addColumn('span_to', fraction, (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema.alterTable('jobs').addColumn('group_id', id).execute();
  await db.schema.createIndex('jobs_group').on('jobs').column('group_id').execute();
}
