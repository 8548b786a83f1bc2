import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { startMariaDb } from '../../../../tests/support/mariadb.ts';
import { connectDatabase } from './connect.ts';
import { migrate, NewerSchema } from './migrate.ts';
import * as first from './migrations/0001-first.ts';
import * as rounds from './migrations/0002-rounds.ts';
import * as iterations from './migrations/0007-iterations.ts';

const IMPORTS = `import { connectDatabase } from ${JSON.stringify(new URL('connect.ts', import.meta.url).href)};
  import { migrate } from ${JSON.stringify(new URL('migrate.ts', import.meta.url).href)};`;

for (const column of ['SQLite', 'MariaDB'] as const) {
  test(`on ${column} a schema of a newer version is left alone, and so is one that it has begun`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
    const server = column === 'MariaDB' ? await startMariaDb() : null;
    const db = connectDatabase(server?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
    t.after(async () => {
      await db.destroy();
      await server?.stop();
      await rm(folder, { recursive: true });
    });
    await migrate(db);
    const newer =
      /The database was moved to a newer schema \(9999-later\) by a newer version of Parallel Pilot; this version knows it up to \d{4}-.*Start the newer version/;
    await sql`insert into kysely_migration values ('9999-later', '2030-01-01')`.execute(db);
    await assert.rejects(migrate(db), (error) => error instanceof NewerSchema && newer.test(error.message));
    await sql`delete from kysely_migration where name = '9999-later'`.execute(db);
    await migrate(db);
    if (server === null) return;
    await sql`insert into migration_steps values ('9999-later', 'step', 0)`.execute(db);
    await assert.rejects(migrate(db), newer);
  });
}

test('four processes open and migrate one fresh SQLite file in the same moment, and none of them fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const FILES = 25;
  // Each waits for the given moment without giving up its processor: started one after the other they rarely meet.
  const program = `${IMPORTS}
    process.on('message', async ({ url, at }) => {
      while (Date.now() < at);
      const failure = await (async () => {
        const db = connectDatabase(url); await migrate(db); await db.destroy();
      })().then(() => null, String);
      process.send({ failure });
    });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  for (let file = 0; file < FILES; file += 1) {
    const url = `sqlite:${join(folder, `${file}.sqlite`)}`;
    const at = Date.now() + 50;
    const answers = await Promise.all(
      children.map(async (child) => {
        const answer = once(child, 'message');
        child.send({ url, at });
        return (await answer)[0];
      }),
    );
    assert.deepEqual(answers, Array(4).fill({ failure: null }));
  }
});

test('a migration that is cut off leaves nothing behind that stands in the way of the next', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'farm.sqlite')}`;
  // Ends the process at the moment the last table is made, in the middle of the migration.
  const program = `import { DatabaseSync } from 'node:sqlite';
    ${IMPORTS}
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

test('stages of trainings that were planned before iterations know theirs, and old blobs are left to the sweep', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const db = connectDatabase(`sqlite:${join(folder, 'farm.sqlite')}`);
  const plain = db as unknown as Kysely<unknown>;
  await first.up(plain);
  await rounds.up(plain);
  const names = ['split', 'initialize', 'train', 'merge', 'train', 'merge', 'evaluate'];
  for (const [ordinal, name] of names.entries()) {
    const row = { id: `stg_${ordinal}`, job_id: 'job_1', ordinal, name, state: 'closed' };
    const texts = { spec_json: '{}', inputs_json: '[]', requirements_json: '[]', affinity: '' };
    const stage = { ...row, ...texts, chunk_count: 1, planned_at: 1 };
    await db
      .insertInto('stages')
      .values(stage as never)
      .execute();
  }
  const blob = { hash: 'a', size: 1, media_type: 'a/b', created_at: 1 };
  await db
    .insertInto('blobs')
    .values(blob as never)
    .execute();
  await iterations.up(plain);
  const stages = await db.selectFrom('stages').select('iteration').orderBy('ordinal').execute();
  assert.deepEqual(
    stages.map((stage) => stage.iteration),
    [null, null, 1, 1, 2, 2, 2],
  );
  const noted = await db.selectFrom('blobs').select('claims').executeTakeFirstOrThrow();
  assert.equal(noted.claims, 2);
  await db.destroy();
});
