import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { startMariaDb } from './mariadb.ts';

test('a private MariaDB keeps what was committed over kill -9, and leaves nothing behind', async () => {
  const database = await startMariaDb();
  const [place] = await query(database.url, 'select @@datadir as folder');
  await access(place?.folder);
  try {
    await query(database.url, 'create table word (text varchar(20))');
    await query(database.url, "insert into word values ('käse 🧀')");

    database.kill();
    await database.restart();

    assert.deepEqual(await query(database.url, 'select text from word'), [{ text: 'käse 🧀' }]);
    const [row] = await query(database.url, 'select @@character_set_database as charset');
    assert.equal(row?.charset, 'utf8mb4');
  } finally {
    await database.stop();
  }
  await assert.rejects(query(database.url, 'select 1'), /ECONNREFUSED/);
  await assert.rejects(access(dirname(place?.folder)), /ENOENT/);
});

async function query(url: string, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row }) as RowDataPacket) : [];
  } finally {
    await connection.end();
  }
}
