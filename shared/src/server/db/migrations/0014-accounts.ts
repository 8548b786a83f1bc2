import { type Kysely, sql } from 'kysely';

/**
 * What the accounts library keeps: who signs in, and by what. The columns are those that its own
 * migrations would make, in our names; the farm itself reads none of them. What is compared as
 * a secret or an id is compared byte by byte, which MySQL does not do by itself.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const ascii = (length: number) =>
    sql.raw(mysql ? `varchar(${length}) character set ascii collate ascii_bin` : 'text');
  const exact = sql.raw(mysql ? 'varchar(255) character set utf8mb4 collate utf8mb4_bin' : 'text');
  const text = 'text' as const;
  const id = ascii(64);
  // SQLite keeps dates as ISO text. MySQL's `timestamp` would end in 2038.
  const date = sql.raw(mysql ? 'datetime(3)' : 'text');
  const flag = sql.raw(mysql ? 'tinyint' : 'integer');

  await db.schema
    .createTable('auth_users')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('email', exact, (c) => c.notNull().unique())
    .addColumn('email_verified', flag, (c) => c.notNull())
    .addColumn('image', text)
    .addColumn('two_factor_enabled', flag)
    .addColumn('created_at', date, (c) => c.notNull())
    .addColumn('updated_at', date, (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('auth_sessions')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('user_id', id, (c) => c.notNull())
    .addColumn('token', id, (c) => c.notNull().unique())
    .addColumn('expires_at', date, (c) => c.notNull())
    .addColumn('ip_address', text)
    .addColumn('user_agent', text)
    .addColumn('teams_json', text)
    .addColumn('created_at', date, (c) => c.notNull())
    .addColumn('updated_at', date, (c) => c.notNull())
    .execute();
  await db.schema.createIndex('auth_sessions_user').on('auth_sessions').column('user_id').execute();
  await db.schema.createIndex('auth_sessions_expires').on('auth_sessions').column('expires_at').execute();

  await db.schema
    .createTable('auth_accounts')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('user_id', id, (c) => c.notNull())
    .addColumn('provider_id', ascii(64), (c) => c.notNull())
    .addColumn('account_id', exact, (c) => c.notNull())
    .addColumn('access_token', text)
    .addColumn('refresh_token', text)
    .addColumn('id_token', text)
    .addColumn('access_token_expires_at', date)
    .addColumn('refresh_token_expires_at', date)
    .addColumn('scope', text)
    .addColumn('password', text)
    .addColumn('created_at', date, (c) => c.notNull())
    .addColumn('updated_at', date, (c) => c.notNull())
    .execute();
  await db.schema.createIndex('auth_accounts_user').on('auth_accounts').column('user_id').execute();
  await db.schema
    .createIndex('auth_accounts_proof')
    .on('auth_accounts')
    .columns(['provider_id', 'account_id'])
    .unique()
    .execute();

  await db.schema
    .createTable('auth_verifications')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('identifier', ascii(255), (c) => c.notNull())
    .addColumn('value', text, (c) => c.notNull())
    .addColumn('expires_at', date, (c) => c.notNull())
    .addColumn('created_at', date, (c) => c.notNull())
    .addColumn('updated_at', date, (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('auth_verifications_identifier')
    .on('auth_verifications')
    .column('identifier')
    .execute();
  await db.schema
    .createIndex('auth_verifications_expires')
    .on('auth_verifications')
    .column('expires_at')
    .execute();

  await db.schema
    .createTable('auth_two_factors')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('user_id', id, (c) => c.notNull().unique())
    .addColumn('secret', text, (c) => c.notNull())
    .addColumn('backup_codes', text, (c) => c.notNull())
    .addColumn('verified', flag)
    .addColumn('failed_verification_count', 'integer')
    .addColumn('locked_until', date)
    .execute();

  await db.schema
    .createTable('auth_passkeys')
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('user_id', id, (c) => c.notNull())
    .addColumn('name', text)
    .addColumn('public_key', text, (c) => c.notNull())
    // WebAuthn allows 1,023 bytes, in base64url. Of one authenticator for one account alone.
    .addColumn('credential_id', ascii(1400), (c) => c.notNull().unique())
    .addColumn('counter', 'bigint', (c) => c.notNull())
    .addColumn('device_type', text, (c) => c.notNull())
    .addColumn('backed_up', flag, (c) => c.notNull())
    .addColumn('transports', text)
    .addColumn('aaguid', text)
    .addColumn('created_at', date)
    .execute();
  await db.schema.createIndex('auth_passkeys_user').on('auth_passkeys').column('user_id').execute();
}
