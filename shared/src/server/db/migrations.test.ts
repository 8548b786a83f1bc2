import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Kysely } from 'kysely';
import { type MariaDb, startMariaDb } from '../../../../tests/support/mariadb.ts';
import { connectDatabase, type Db } from './connect.ts';
import { migratorOf } from './migrate.ts';
import { rowOf, tablesOf } from './migration-rows.fixture.ts';

type Row = Record<string, unknown>;

for (const column of ['SQLite', 'MariaDB'] as const) {
  describe(`migrations of a farm in use, on ${column}`, () => {
    let folder: string;
    let server: MariaDb | null = null;
    let db: Db;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
      if (column === 'MariaDB') server = await startMariaDb();
      db = connectDatabase(server?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
    });
    after(async () => {
      await db?.destroy();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('from the first version on, rows of every table pass every step unchanged, and new ones fit beside them', async () => {
      const migrator = migratorOf(db);
      const before = new Map<string, Row[]>();
      for (const [step, { name }] of (await migrator.getMigrations()).entries()) {
        const { error } = await migrator.migrateTo(name);
        assert.equal(error, undefined, `${name} fails with rows in the tables: ${error}`);
        const names = (await tablesOf(db)).map((table) => table.name);
        for (const table of TAKEN[name]?.tables ?? []) before.delete(table);
        for (const [table, all] of [...before]) {
          const rows = all.map((row) => without(row, TAKEN[name]?.columns ?? []));
          const place = names.includes(table) ? table : await renamed(db, rows, names, before);
          assert.ok(place !== undefined, `${name} drops ${table} with its rows`);
          before.delete(table);
          before.set(place, rows);
          const now = await readAll(db, place);
          assert.equal(now.length, rows.length, `${name} lost rows of ${place}`);
          // A step may add columns; what stood in the others is not its business.
          for (const [index, row] of rows.entries())
            assert.deepEqual({ ...now[index], ...row }, { ...now[index] }, place);
        }
        for (const table of await tablesOf(db)) {
          await plain(db)
            .insertInto(table.name)
            // Not by how many there are: a step may have moved only some of another table's rows here.
            .values(rowOf(table.columns, step))
            .execute();
          before.set(table.name, await readAll(db, table.name));
        }
      }
      assert.ok(before.size >= 12 && [...before.values()].every((rows) => rows.length > 0));
    });
  });
}

/** What a step takes away, on purpose; what it makes of that has a test of its own. */
const TAKEN: Record<string, { tables: string[]; columns: string[] }> = {
  '0013-people': { tables: ['owners', 'sessions'], columns: ['owner_id'] },
  '0018-results-of-leases': { tables: [], columns: ['lease_id', 'worker_id', 'result_json', 'files_json'] },
};
const without = (row: Row, columns: string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([column]) => !columns.includes(column)));

// Rows of versions that are gone have no types.
const plain = (db: Db) => db as unknown as Kysely<Record<string, Row>>;

/** The new table that has these rows. */
async function renamed(
  db: Db,
  rows: readonly Row[],
  names: readonly string[],
  before: ReadonlyMap<string, unknown>,
): Promise<string | undefined> {
  for (const name of names.filter((one) => !before.has(one))) {
    const [first] = await readAll(db, name);
    if (Object.entries(rows[0] ?? {}).every(([column, value]) => first?.[column] === value)) return name;
  }
  return undefined;
}

async function readAll(db: Db, table: string): Promise<Row[]> {
  const rows = await plain(db).selectFrom(table).selectAll().execute();
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
