import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, MysqlDialect, SqliteAdapter, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { createPool } from 'mysql2';
import * as first from './migrations/0001-first.ts';
import * as rounds from './migrations/0002-rounds.ts';
import * as sessions from './migrations/0003-sessions.ts';
import * as errands from './migrations/0004-errands.ts';
import * as jobTimes from './migrations/0006-job-times.ts';
import * as iterations from './migrations/0007-iterations.ts';
import * as plainNames from './migrations/0010-plain-names.ts';
import * as taskLeases from './migrations/0011-task-leases.ts';
import * as stageMemory from './migrations/0012-stage-memory.ts';
import * as people from './migrations/0013-people.ts';
import type { Database } from './schema.ts';

export type Db = Kysely<Database>;

/**
 * Opens the database at `sqlite:<path>` or `mysql://user:password@host:port/name`.
 * Both servers may do so on one SQLite file: WAL lets one write while others
 * read, and a writer waits up to 10 s for the other's commit.
 */
export function connectDatabase(url: string): Db {
  if (url.startsWith('sqlite:')) {
    return new Kysely<Database>({
      dialect: new TransactionalSqlite({ database: async () => openSqlite(url.slice('sqlite:'.length)) }),
    });
  }
  if (url.startsWith('mysql:') || url.startsWith('mariadb:')) {
    const pool = createPool({
      uri: url.replace(/^mariadb:/, 'mysql:'),
      connectionLimit: 10,
      supportBigNumbers: true,
      enableKeepAlive: true,
      connectTimeout: 5_000,
    });
    return new Kysely<Database>({ dialect: new MysqlDialect({ pool }) });
  }
  throw new Error('DATABASE_URL must start with sqlite: or mysql:');
}

// SQLite can undo schema changes, which Kysely does not make use of: a migration happens whole or not at
// all, and a second process waits for the first one's.
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
class TransactionalSqlite extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

/** Brings the schema to the newest version. Two processes may call it at once. */
export async function migrate(db: Db): Promise<void> {
  const { error } = await migratorOf(db).migrateToLatest();
  if (error !== undefined) throw error;
}

/** What brings the schema from one version to the next. */
export function migratorOf(db: Db): Migrator {
  const migrations = {
    '0001-first': first,
    '0002-rounds': rounds,
    '0003-sessions': sessions,
    '0004-errands': errands,
    '0006-job-times': jobTimes,
    '0007-iterations': iterations,
    '0010-plain-names': plainNames,
    '0011-task-leases': taskLeases,
    '0012-stage-memory': stageMemory,
    '0013-people': people,
  };
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}

// Kysely types statements after better-sqlite3; node:sqlite differs in three names.
function openSqlite(path: string) {
  const database = new DatabaseSync(path);
  database.exec('pragma busy_timeout = 10000; pragma journal_mode = wal; pragma synchronous = full;');
  return {
    close: () => database.close(),
    // A transaction that reads before it writes would fail at once when the other server commits in
    // between (SQLITE_BUSY_SNAPSHOT ignores the timeout); taking the write lock first makes it wait instead.
    prepare: (sql: string) => adapt(database.prepare(sql === 'begin' ? 'begin immediate' : sql)),
  };
}

function adapt(statement: StatementSync) {
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...values(parameters)),
    run: (parameters: readonly unknown[]) => statement.run(...values(parameters)),
    iterate: (parameters: readonly unknown[]) =>
      statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}
