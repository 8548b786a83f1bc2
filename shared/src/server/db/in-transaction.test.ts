import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMariaDb } from '../../../../tests/support/mariadb.ts';
import { connectDatabase, type Db } from './connect.ts';
import { inTransaction } from './in-transaction.ts';
import { migrate } from './migrate.ts';

let mariadb: Awaited<ReturnType<typeof startMariaDb>>;
let db: Db;
before(async () => {
  mariadb = await startMariaDb();
  db = connectDatabase(mariadb.url);
  await migrate(db);
  const task = { process: 'a', started_at: 0, expires_at: 0 };
  await db
    .insertInto('background_tasks')
    .values([
      { job_id: 'job_one' as never, ...task },
      { job_id: 'job_other' as never, ...task },
    ])
    .execute();
});
after(async () => {
  await db?.destroy();
  await mariadb?.stop();
});

const one = 'job_one' as never;
const other = 'job_other' as never;
const count = (on: Db, job: never) =>
  on
    .updateTable('background_tasks')
    .set((eb) => ({ deaths: eb('deaths', '+', 1) }))
    .where('job_id', '=', job)
    .execute();

test('of two that wait for each other, the one that the database ends is run again, whole', async () => {
  const holds = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const both = Promise.all(holds.map(({ promise }) => promise));
  let runs = 0;
  const changes = (at: 0 | 1, first: never, second: never) =>
    inTransaction(db, async (on) => {
      runs += 1;
      await count(on, first);
      holds[at].resolve();
      await both;
      await count(on, second);
    });
  await Promise.all([changes(0, one, other), changes(1, other, one)]);
  assert.equal(runs, 3);
  const rows = await db.selectFrom('background_tasks').select('deaths').execute();
  assert.deepEqual(
    rows.map(({ deaths }) => deaths),
    [2, 2],
  );
});

test('any other error is thrown at once, and nothing is stored', async () => {
  let runs = 0;
  const failing = inTransaction(db, async (on) => {
    runs += 1;
    await count(on, one);
    throw new Error('of its own');
  });
  await assert.rejects(failing, /of its own/);
  assert.equal(runs, 1);
});
