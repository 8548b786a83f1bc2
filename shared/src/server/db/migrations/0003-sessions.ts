import { type Kysely, sql } from 'kysely';

/** Sign-ins on the site, so that signing out ends one for good. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');

  await db.schema
    .createTable('sessions')
    .addColumn('token_hash', id, (c) => c.primaryKey())
    .addColumn('owner_id', id, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('sessions_expires').on('sessions').column('expires_at').execute();
}
