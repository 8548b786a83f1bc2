import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { type Kysely, Kysely as KyselyOf, MysqlDialect, type MysqlPool, sql } from 'kysely';
import { createPool, type PoolConnection } from 'mysql2';
import { type MariaDb, startMariaDb } from '../../../../tests/support/mariadb.ts';
import { until } from '../../../../tests/support/until.ts';
import { connectDatabase, type Db } from './connect.ts';
import { migrate, migratorOf } from './migrate.ts';
import { rowOf, tablesOf } from './migration-rows.fixture.ts';

/**
 * Those that are cut off: what makes the first tables, and the newest. Those between have passed here and never change;
 * what cuts, and goes on, is the same for all.
 */
const OLDEST = 3;
const NEWEST = 12;

/** After how many statements that write each start is cut off, in turns. Four to five are needed to get on by one. */
const CUTS = [5, 3, 6, 4, 7, 2];

describe('a migration on MariaDB', () => {
  let server: MariaDb;
  let admin: Kysely<unknown>;
  before(async () => {
    server = await startMariaDb();
    admin = connectDatabase(server.url) as unknown as Kysely<unknown>;
  });
  after(async () => {
    await admin?.destroy();
    await server?.stop();
  });

  let databases = 0;
  const newDatabase = async (): Promise<string> => {
    databases += 1;
    const name = `migrated_${databases}`;
    await sql`create database ${sql.ref(name)} character set utf8mb4`.execute(admin);
    const url = new URL(server.url);
    url.pathname = name;
    return url.href;
  };

  /** The server has noticed that nobody is there any more. */
  const gone = (url: string): Promise<unknown> =>
    until(async () => {
      const { rows } = await sql`select id from information_schema.processlist
        where db = ${new URL(url).pathname.slice(1)}`.execute(admin);
      return rows.length === 0;
    }, 'a connection stays open');

  test('that is cut off wherever it may be, again and again, ends as one that is not, with rows of those before', async () => {
    const versions = await withDatabase(server.url, async (db) => await migratorOf(db).getMigrations());
    const [whole, cut] = [await newDatabase(), await newDatabase()];
    let starts = 0;
    for (const [index, { name }] of versions.entries()) {
      if (index >= OLDEST && index < versions.length - NEWEST) continue;
      await withDatabase(whole, (db) => migrateTo(db, name));
      // Up to this one without a cut.
      const before = versions[index - 1];
      if (index === versions.length - NEWEST && before !== undefined)
        await withDatabase(cut, (db) => migrateTo(db, before.name));
      for (let ended = false; !ended; starts += 1) {
        assert.ok(starts < 2_000, `${name} never ends`);
        ended = await startCutOff(cut, name, CUTS[starts % CUTS.length] ?? 5);
        await gone(cut);
      }
      assert.deepEqual(await contentsOf(cut), await contentsOf(whole), name);
      for (const url of [whole, cut]) await withDatabase(url, addRows);
    }
    assert.ok(starts > 3 * (OLDEST + NEWEST), `it was cut off only ${starts} times`);
  });

  test('whose process is killed is ended by one of those that wait for it', async () => {
    const url = await newDatabase();
    const holder = migrateInProcess(url);
    const { hostname, port, pathname } = new URL(url);
    await until(async () => {
      const { rows } = await sql`select 1 from information_schema.tables
        where table_schema = ${pathname.slice(1)} and table_name = 'job_notes'`.execute(admin);
      return rows.length > 0;
    }, `no migration began on ${hostname}:${port}`);
    const others = [migrateInProcess(url), migrateInProcess(url), migrateInProcess(url)];
    holder.child.kill('SIGKILL');
    assert.equal(await holder.signal, 'SIGKILL');
    assert.deepEqual(await Promise.all(others.map((other) => other.code)), [0, 0, 0]);
    const reference = await newDatabase();
    await withDatabase(reference, migrate);
    assert.deepEqual(await contentsOf(url), await contentsOf(reference));
  });

  test('does not take a table of somebody else for its own', async () => {
    const url = await newDatabase();
    await withDatabase(url, (db) => sql`create table jobs (theirs integer)`.execute(db));
    await assert.rejects(withDatabase(url, migrate), /'jobs' already exists/);
    await assert.rejects(withDatabase(url, migrate), /'jobs' already exists/);
  });
});

async function withDatabase<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = connectDatabase(url);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function migrateTo(db: Db, version: string): Promise<void> {
  const { error } = await migratorOf(db).migrateTo(version);
  if (error !== undefined) throw error;
}

async function addRows(db: Db): Promise<void> {
  for (const { name, columns } of await tablesOf(db)) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(
      db,
    );
    const first = Number(rows[0]?.count);
    const values = [rowOf(columns, first), rowOf(columns, first + 1)];
    for (const row of values)
      await db
        .insertInto(name as never)
        .values(row as never)
        .execute();
  }
}

/** True when it came to its end before its connection broke. */
async function startCutOff(url: string, version: string, writes: number): Promise<boolean> {
  const dialect = new MysqlDialect({ pool: breakingPool(url, writes) });
  const db = new KyselyOf({ dialect }) as unknown as Db;
  try {
    await migrateTo(db, version);
    return true;
  } catch (error) {
    assert.match(String(error), /cut off|closed state|Connection lost/i);
    return false;
  } finally {
    await db.destroy();
  }
}

/** Its connection is gone as soon as so many statements were carried out, before anybody hears of the last one. */
function breakingPool(uri: string, writes: number): MysqlPool {
  const pool = createPool({ uri, connectionLimit: 1 });
  let left = writes;
  const breaking = (connection: PoolConnection) =>
    new Proxy(connection, {
      get(target, name) {
        if (name !== 'query') {
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (text: string, values: unknown[], done: (error: unknown, result?: unknown) => void) => {
          if (left === 0) return done(new Error('cut off'));
          if (!/^\s*(select|show)/i.test(text)) left -= 1;
          const last = left === 0;
          return target.query(text, values, (error, result) => {
            if (last) target.destroy();
            done(last ? new Error('cut off') : error, result);
          });
        };
      },
    });
  return {
    getConnection: (done: (error: unknown, connection: unknown) => void) =>
      pool.getConnection((error, connection) => done(error, connection && breaking(connection))),
    end: (done: (error: unknown) => void) => pool.end(done),
  } as unknown as MysqlPool;
}

/** Columns, indexes and rows of all tables, in an order of their own. */
const contentsOf = (url: string): Promise<unknown> =>
  withDatabase(url, async (db) => {
    const columns = await sql`
      select table_name, column_name, column_type, is_nullable, column_default, column_key, extra
      from information_schema.columns where table_schema = database() order by table_name, ordinal_position`.execute(
      db,
    );
    const indexes = await sql`
      select table_name, index_name, seq_in_index, column_name, non_unique
      from information_schema.statistics where table_schema = database()
      order by table_name, index_name, seq_in_index`.execute(db);
    const rows: Record<string, unknown[]> = {};
    for (const { name } of await tablesOf(db))
      rows[name] = (await sql`select * from ${sql.table(name)}`.execute(db)).rows.toSorted((a, b) =>
        JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
      );
    return { columns: columns.rows, indexes: indexes.rows, rows };
  });

function migrateInProcess(url: string) {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const program = `import { connectDatabase } from ${from('connect.ts')};
    import { migrate } from ${from('migrate.ts')};
    const db = connectDatabase(${JSON.stringify(url)}); await migrate(db); await db.destroy();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  return { child, code: exit.then(([code]) => code), signal: exit.then(([, signal]) => signal) };
}
