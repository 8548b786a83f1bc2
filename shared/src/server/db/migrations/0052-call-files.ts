import { type Kysely, sql } from 'kysely';

/** Events and answers of calls that are too large for a row: blobs, held for the call, and opened to the lease that has it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  for (const what of ['event', 'answer']) {
    await db.schema.alterTable('calls').addColumn(`${what}_hash`, id).execute();
    await db.schema.alterTable('calls').addColumn(`${what}_size`, 'bigint').execute();
  }
  await db.schema.alterTable('held_blobs').addColumn('lease_id', id).execute();
  await db.schema.alterTable('held_blobs').addColumn('expires_at', 'bigint').execute();
  await db.schema.createIndex('held_blobs_lease').on('held_blobs').columns(['lease_id', 'hash']).execute();
}
