import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectDatabase, migrate } from './connect.ts';

const connect = new URL('connect.ts', import.meta.url).href;

test('four processes migrate one fresh SQLite file at once, and none of them fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'farm.sqlite')}`;
  const program = `import { connectDatabase, migrate } from ${JSON.stringify(connect)};
    const db = connectDatabase(${JSON.stringify(url)}); await migrate(db); await db.destroy();`;
  const codes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code] = await once(child, 'exit');
      return code;
    }),
  );
  assert.deepEqual(codes, [0, 0, 0, 0]);
});

test('a migration that is cut off leaves nothing behind that stands in the way of the next', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'farm.sqlite')}`;
  // Ends the process at the moment the last table is made, in the middle of the migration.
  const program = `import { DatabaseSync } from 'node:sqlite';
    import { connectDatabase, migrate } from ${JSON.stringify(connect)};
    const prepare = DatabaseSync.prototype.prepare;
    DatabaseSync.prototype.prepare = function (sql) {
      if (sql.startsWith('create table "artifacts"')) process.kill(process.pid, 'SIGKILL');
      return prepare.call(this, sql);
    };
    await migrate(connectDatabase(${JSON.stringify(url)}));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
  const db = connectDatabase(url);
  await migrate(db);
  assert.deepEqual(await db.selectFrom('artifacts').selectAll().execute(), []);
  await db.destroy();
});
