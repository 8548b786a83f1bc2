import { createHash } from 'node:crypto';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
  sql,
} from 'kysely';
import type { Migration } from 'kysely/migration';
import { isMysql } from './is-mysql.ts';

/** Where MySQL's migrations note their statements; empty while none is under way. */
export const JOURNAL = 'migration_steps';

/**
 * The same migration, which on MySQL and MariaDB may be cut off anywhere and goes on where it was at its next run.
 * They commit each change of the schema by itself, whole or not at all, so every statement that writes is noted:
 * rows are changed in one transaction with their note, and a change of the schema is noted before and after. One that
 * was begun and not noted as done is tried again, and may find that it was done.
 *
 * It must write the same statements each time it runs on the same rows. What it makes by chance or by the clock it
 * has to look for first.
 */
export const resumable = (name: string, migration: Migration): Migration => ({
  async up(db) {
    if (!isMysql(db)) return migration.up(db);
    await sql`create table if not exists ${sql.table(JOURNAL)} (
      migration varchar(255) not null, step varchar(80) not null, done integer not null, primary key (migration, step)
    )`.execute(db);
    const { rows } = await sql<{ step: string; done: number }>`
      select step, done from ${sql.table(JOURNAL)} where migration = ${name}`.execute(db);
    const noted = new Map(rows.map((row) => [row.step, row.done === 1]));
    const connection = new JournaledConnection(db, name, noted);
    await migration.up(kyselyOver(connection));
  },
});

class JournaledConnection implements DatabaseConnection {
  readonly #db: Kysely<unknown>;
  readonly #migration: string;
  /** Statements of earlier runs, and whether they came to their end. */
  readonly #noted: ReadonlyMap<string, boolean>;
  readonly #seen = new Map<string, number>();

  constructor(db: Kysely<unknown>, migration: string, noted: ReadonlyMap<string, boolean>) {
    this.#db = db;
    this.#migration = migration;
    this.#noted = noted;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (/^\s*(select|show)\b/i.test(query.sql)) return this.#db.executeQuery<R>(query as CompiledQuery<R>);
    const step = this.#stepOf(query);
    const done = this.#noted.get(step);
    if (done === true) return { rows: [] };
    await (/^\s*(insert|update|delete|replace)\b/i.test(query.sql)
      ? this.#changeRows(query, step)
      : this.#changeSchema(query, step, done === false));
    return { rows: [] };
  }

  // biome-ignore lint/correctness/useYield: no migration streams.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a migration cannot stream rows');
  }

  /** Its text and values, and how often this run came by the same. */
  #stepOf({ sql, parameters }: CompiledQuery): string {
    const text = createHash('sha256')
      .update(JSON.stringify([sql, parameters]))
      .digest('hex');
    const times = (this.#seen.get(text) ?? 0) + 1;
    this.#seen.set(text, times);
    return `${text}-${times}`;
  }

  async #changeRows(query: CompiledQuery, step: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      await transaction.executeQuery(query);
      await sql`insert into ${sql.table(JOURNAL)} values (${this.#migration}, ${step}, 1)`.execute(
        transaction,
      );
    });
  }

  async #changeSchema(query: CompiledQuery, step: string, inDoubt: boolean): Promise<void> {
    if (!inDoubt)
      await sql`insert into ${sql.table(JOURNAL)} values (${this.#migration}, ${step}, 0)`.execute(this.#db);
    try {
      await this.#db.executeQuery(query);
    } catch (error) {
      if (!inDoubt && isRefusal(error))
        await sql`delete from ${sql.table(JOURNAL)}
          where migration = ${this.#migration} and step = ${step}`.execute(this.#db);
      if (!inDoubt || !DONE_BEFORE.has(String((error as { code?: unknown }).code))) throw error;
    }
    await sql`update ${sql.table(JOURNAL)} set done = 1
      where migration = ${this.#migration} and step = ${step}`.execute(this.#db);
  }
}

/** The server answered and did nothing; of one that is ending that is not said. */
const isRefusal = (error: unknown): boolean =>
  /^(?!08|70)/.test((error as { sqlState?: string }).sqlState ?? '08') &&
  !(error as { fatal?: boolean }).fatal;

/** What MySQL and MariaDB answer to a change of the schema that was made already. */
const DONE_BEFORE = new Set([
  'ER_TABLE_EXISTS_ERROR',
  'ER_DUP_FIELDNAME',
  'ER_DUP_KEYNAME',
  'ER_MULTIPLE_PRI_KEY',
  // Dropped, or renamed.
  'ER_BAD_TABLE_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_BAD_FIELD_ERROR',
  'ER_CANT_DROP_FIELD_OR_KEY',
  'ER_KEY_DOES_NOT_EXITS',
]);

/** The class names of a plain MySQL: migrations ask for the adapter's. */
function kyselyOver(connection: DatabaseConnection): Kysely<unknown> {
  const none = async () => {};
  const driver: Driver = {
    init: none,
    acquireConnection: async () => connection,
    beginTransaction: () => Promise.reject(new Error('a migration on MySQL can have no transaction')),
    commitTransaction: none,
    rollbackTransaction: none,
    releaseConnection: none,
    destroy: none,
  };
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    },
  });
}
