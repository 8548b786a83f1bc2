import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, MysqlDialect, SqliteAdapter, SqliteDialect } from 'kysely';
import { retryWhileLocked } from './retry-while-locked.ts';
import type { Database } from './schema/database.ts';

export type Db = Kysely<Database>;

/**
 * Opens the database at `sqlite:<path>` or `mysql://user:password@host:port/name`.
 * Both servers may do so on one SQLite file: WAL lets one write while others
 * read, and a writer waits up to 10 s for the other's commit.
 */
export function connectDatabase(url: string): Db {
  if (url.startsWith('sqlite:')) {
    return new Kysely<Database>({
      dialect: new TransactionalSqlite({ database: () => openSqlite(url.slice('sqlite:'.length)) }),
    });
  }
  if (url.startsWith('mysql:') || url.startsWith('mariadb:')) {
    // Nothing of it is loaded where the database is a file.
    const pool = async () =>
      (await import('mysql2')).createPool({
        uri: url.replace(/^mariadb:/, 'mysql:'),
        connectionLimit: 10,
        supportBigNumbers: true,
        enableKeepAlive: true,
        connectTimeout: 5_000,
        // Dates, which only the accounts library stores, are of no time zone.
        timezone: 'Z',
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

// Kysely types statements after better-sqlite3; node:sqlite differs in three names.
async function openSqlite(path: string) {
  const database = new DatabaseSync(path);
  database.exec('pragma busy_timeout = 10000');
  // Of several that turn a new file to WAL at once only one may, and SQLite tells the others at once instead of
  // letting them wait: https://www.sqlite.org/c3ref/busy_handler.html
  await retryWhileLocked(() => database.exec('pragma journal_mode = wal'));
  database.exec('pragma synchronous = full');
  // What a statement of many rows would need to be undone is kept in memory, not in a file for each; and 8 MB of pages.
  database.exec('pragma temp_store = memory; pragma cache_size = -8000;');
  return {
    close: () => database.close(),
    // A transaction that reads before it writes would fail at once when the other server commits in
    // between (SQLITE_BUSY_SNAPSHOT ignores the timeout); taking the write lock first makes it wait instead.
    prepare: keepStatements((sql) => database.prepare(sql === 'begin' ? 'begin immediate' : sql)),
  };
}

/** Statements that are kept at most. */
const KEPT = 96;
/** A statement keeps what was last bound to it: with more characters it is let go, so that all take a few megabytes at most. */
const KEPT_CHARACTERS = 16_384;

/**
 * Keeps those used last by their text: to compile a long one takes three times as long as to run it. SQLite itself
 * compiles one again when the schema has changed.
 */
function keepStatements(compile: (sql: string) => StatementSync) {
  const kept = new Map<string, ReturnType<typeof adapt>>();
  return (sql: string) => {
    const known = kept.get(sql);
    const statement = known ?? adapt(compile(sql), () => kept.delete(sql));
    kept.delete(sql);
    kept.set(sql, statement);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return statement;
  };
}

function adapt(statement: StatementSync, onLarge: () => void) {
  const values = (parameters: readonly unknown[]) => {
    let characters = 0;
    for (const it of parameters) if (typeof it === 'string') characters += it.length;
    if (characters > KEPT_CHARACTERS) onLarge();
    return parameters as SQLInputValue[];
  };
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...values(parameters)),
    run: (parameters: readonly unknown[]) => statement.run(...values(parameters)),
    iterate: (parameters: readonly unknown[]) =>
      statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}
