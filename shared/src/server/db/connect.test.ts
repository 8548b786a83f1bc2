import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { connectDatabase } from './connect.ts';

test('a statement that was kept sees a changed schema, in this connection and from another one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-statements-'));
  const url = `sqlite:${join(folder, 'farm.sqlite')}`;
  const [db, other] = [connectDatabase(url), connectDatabase(url)];
  t.after(async () => {
    await db.destroy();
    await other.destroy();
    await rm(folder, { recursive: true });
  });
  await sql`create table things (id integer primary key)`.execute(db);
  await sql`insert into things (id) values (1)`.execute(db);
  const all = async () => {
    const { rows } = await sql<object>`select * from things`.execute(db);
    return rows.map((row) => ({ ...row }));
  };
  assert.deepEqual(await all(), [{ id: 1 }]);
  await sql`alter table things add column name text`.execute(db);
  assert.deepEqual(await all(), [{ id: 1, name: null }]);
  await sql`alter table things add column size integer`.execute(other);
  assert.deepEqual(await all(), [{ id: 1, name: null, size: null }]);
});

test('what was bound before is not there the next time, of large values neither', async (t) => {
  const db = connectDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await sql`create table texts (text text)`.execute(db);
  const insert = (text: string | null) => sql`insert into texts (text) values (${text})`.execute(db);
  for (const text of ['a', 'x'.repeat(100_000), null, 'b']) await insert(text);
  const { rows } = await sql<{ text: string | null }>`select text from texts order by rowid`.execute(db);
  assert.deepEqual(
    rows.map(({ text }) => text?.length ?? null),
    [1, 100_000, null, 1],
  );
});
