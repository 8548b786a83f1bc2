import { type Kysely, sql } from 'kysely';

/**
 * A chunk may have several leases at once: each has a purpose and its own
 * result, and the chunk names the one that was accepted.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const word = sql.raw(mysql ? 'varchar(64)' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .alterTable('leases')
    .addColumn('purpose', word, (c) => c.notNull().defaultTo('first'))
    .execute();
  for (const column of ['result_json', 'files_json'])
    await db.schema.alterTable('leases').addColumn(column, text).execute();
  for (const column of ['result_json', 'files_json'])
    await sql`update leases set ${sql.ref(column)} = (
      select ${sql.ref(`c.${column}`)} from chunks c where c.id = leases.chunk_id and c.lease_id = leases.id
    ) where outcome = ${'done'}`.execute(db);
  await sql`update chunks set lease_id = null where state <> ${'done'}`.execute(db);
  await db.schema.alterTable('chunks').renameColumn('lease_id', 'accepted_lease_id').execute();
  for (const column of ['worker_id', 'result_json', 'files_json'])
    await db.schema.alterTable('chunks').dropColumn(column).execute();
}
