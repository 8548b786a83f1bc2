import { type Kysely, type RawBuilder, sql } from 'kysely';

/**
 * People, teams, and all that belongs to them. The one owner of before becomes a person with a team of their own, who
 * has all jobs and workers; they sign in with their key once more.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  const types: Types = {
    id: sql.raw(mysql ? 'varchar(64) character set ascii collate ascii_bin' : 'text'),
    word: sql.raw(mysql ? 'varchar(64)' : 'text'),
    line: sql.raw(mysql ? 'varchar(512)' : 'text'),
    text: sql.raw(mysql ? 'longtext' : 'text'),
    serial: mysql ? 'bigint' : 'integer',
  };
  await createPeople(db, types);
  await createKeys(db, types);
  await createRest(db, types);
  await moveOwner(db, types);
}

type Types = {
  id: RawBuilder<unknown>;
  word: RawBuilder<unknown>;
  line: RawBuilder<unknown>;
  text: RawBuilder<unknown>;
  serial: 'bigint' | 'integer';
};

async function createPeople(db: Kysely<unknown>, { id, word, line, text }: Types): Promise<void> {
  await db.schema
    .createTable('people')
    .ifNotExists()
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('subject', id, (c) => c.notNull().unique())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('email', line)
    .addColumn('role', word, (c) => c.notNull())
    .addColumn('banned_at', 'bigint')
    .addColumn('limits_json', text)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('teams')
    .ifNotExists()
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('subject', id, (c) => c.unique())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('personal_of', id, (c) => c.unique())
    .addColumn('limits_json', text)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('team_members')
    .ifNotExists()
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('role', word, (c) => c.notNull())
    .addColumn('joined_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('team_members_pk', ['team_id', 'person_id'])
    .execute();
}

async function createKeys(db: Kysely<unknown>, { id, word, line }: Types): Promise<void> {
  await db.schema
    .createTable('keys')
    .ifNotExists()
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('hash', id, (c) => c.notNull().unique())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('scopes', word, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema.dropTable('sessions').ifExists().execute();
  await db.schema
    .createTable('sessions')
    .addColumn('token_hash', id, (c) => c.primaryKey())
    .addColumn('key_id', id, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('links')
    .ifNotExists()
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('token_hash', id, (c) => c.notNull().unique())
    .addColumn('purpose', word, (c) => c.notNull())
    .addColumn('team_id', id)
    .addColumn('role', word)
    .addColumn('email', line)
    .addColumn('person_id', id)
    .addColumn('created_by', id)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema
    .createTable('device_codes')
    .ifNotExists()
    .addColumn('device_hash', id, (c) => c.primaryKey())
    .addColumn('user_code', id, (c) => c.notNull().unique())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('scopes', word, (c) => c.notNull())
    .addColumn('state', word, (c) => c.notNull())
    .addColumn('person_id', id)
    .addColumn('team_id', id)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
}

async function createRest(db: Kysely<unknown>, { id, word, line, text, serial }: Types): Promise<void> {
  await db.schema
    .createTable('join_tokens')
    .ifNotExists()
    .addColumn('id', id, (c) => c.primaryKey())
    .addColumn('hash', id, (c) => c.notNull().unique())
    .addColumn('person_id', id, (c) => c.notNull())
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('name', line, (c) => c.notNull())
    .addColumn('works_for', word, (c) => c.notNull())
    .addColumn('uses_left', 'integer')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createTable('team_blobs')
    .ifNotExists()
    .addColumn('team_id', id, (c) => c.notNull())
    .addColumn('hash', id, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    // By hash first: the sweep asks who still has one.
    .addPrimaryKeyConstraint('team_blobs_pk', ['hash', 'team_id'])
    .execute();
  await db.schema
    .createTable('audit')
    .ifNotExists()
    .addColumn('id', serial, (c) => c.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('person_id', id)
    .addColumn('impersonator_id', id)
    .addColumn('key_id', id)
    .addColumn('team_id', id)
    .addColumn('action', word, (c) => c.notNull())
    .addColumn('target', line)
    .addColumn('address', word, (c) => c.notNull())
    .addColumn('detail_json', text)
    .execute();
}

/** Each step may be done twice: MySQL does not undo half of it. */
async function moveOwner(db: Kysely<unknown>, { id, word, line, text }: Types): Promise<void> {
  const tables = await db.introspection.getTables();
  const has = (table: string, column: string): boolean =>
    tables.some(({ name, columns }) => name === table && columns.some((one) => one.name === column));
  const add = async (table: string, column: string, type: RawBuilder<unknown> | 'bigint') => {
    if (!has(table, column)) await db.schema.alterTable(table).addColumn(column, type).execute();
  };
  if (tables.some(({ name }) => name === 'owners')) {
    await sql`insert into people (id, subject, name, role, created_at)
      select replace(id, 'own_', 'per_'), case when row_number() over (order by created_at, id) = 1 then 'local' else id end,
        name, 'admin', created_at from owners
      where id is not null and not exists (select 1 from people where people.id = replace(owners.id, 'own_', 'per_'))`.execute(
      db,
    );
    await sql`insert into teams (id, name, personal_of, created_at)
      select replace(id, 'per_', 'tea_'), name, id, created_at from people
      where not exists (select 1 from teams where teams.personal_of = people.id)`.execute(db);
    await sql`insert into team_members (team_id, person_id, role, joined_at)
      select id, personal_of, 'owner', created_at from teams
      where not exists (select 1 from team_members where team_members.team_id = teams.id)`.execute(db);
  }
  for (const table of ['jobs', 'workers']) {
    await add(table, 'team_id', id);
    await add(table, 'person_id', id);
    if (!has(table, 'owner_id')) continue;
    await sql`update ${sql.table(table)} set team_id = replace(owner_id, 'own_', 'tea_'),
      person_id = replace(owner_id, 'own_', 'per_')`.execute(db);
    await db.schema.alterTable(table).dropColumn('owner_id').execute();
  }
  for (const [column, type] of [
    ['works_for', word],
    ['join_token_id', id],
    ['credential_hash', id],
    ['revoked_at', 'bigint'],
    ['disabled_at', 'bigint'],
    ['label', line],
    ['tags_json', text],
    ['note', text],
  ] as const)
    await add('workers', column, type);
  await sql`update workers set works_for = 'everyone' where works_for is null`.execute(db);
  const bringsTeams = sql`insert into team_blobs (team_id, hash, created_at)
    select distinct jobs.team_id, job_blobs.hash, 0 from job_blobs join jobs on jobs.id = job_blobs.job_id
    where not exists (select 1 from team_blobs where team_blobs.hash = job_blobs.hash and team_blobs.team_id = jobs.team_id)`;
  await bringsTeams.execute(db);
  for (const [index, table, columns] of [
    ['jobs_team', 'jobs', ['team_id', 'created_at', 'id']],
    ['keys_person', 'keys', ['person_id']],
    ['team_members_person', 'team_members', ['person_id']],
    ['people_email', 'people', ['email']],
    ['audit_at', 'audit', ['at']],
    ['sessions_expires', 'sessions', ['expires_at']],
    ['workers_credential', 'workers', ['credential_hash']],
  ] as const)
    await createIndex(db, index, table, columns);
  await db.schema.dropTable('owners').ifExists().execute();
}

async function createIndex(
  db: Kysely<unknown>,
  name: string,
  table: string,
  columns: readonly string[],
): Promise<void> {
  const mysql = db.getExecutor().adapter.constructor.name === 'MysqlAdapter';
  if (mysql) {
    const { rows } = await sql`select 1 from information_schema.statistics where table_schema = database()
      and table_name = ${table} and index_name = ${name}`.execute(db);
    if (rows.length > 0) return;
  }
  const index = db.schema
    .createIndex(name)
    .on(table)
    .columns([...columns]);
  await (mysql ? index : index.ifNotExists()).execute();
}
