import { type Kysely, sql } from 'kysely';

/** Packages that were installed for jobs of a team, by what was asked for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const id = sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text');
  const text = sql.raw(mysql ? 'longtext' : 'text');
  await db.schema
    .createTable('environments')
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('key_hash', id, (c) => c.notNull())
    .addColumn('hash', id, (c) => c.notNull())
    .addColumn('environment_json', text, (c) => c.notNull())
    .addColumn('used_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('environments_pk', ['team_id', 'key_hash'])
    .execute();
  await db.schema.createIndex('environments_hash').on('environments').column('hash').execute();
}
