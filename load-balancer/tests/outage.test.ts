import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import { startFarm } from './support/farm-under-test.ts';
import { countStates } from './support/planted.ts';

test('while the database is down nothing is told, nothing expires and newcomers wait; then work goes on', async () => {
  const mariaDb = await startMariaDb();
  const farm = await startFarm(mariaDb.url);
  try {
    const rendered = new Map<string, number>();
    const run = async ({ chunk }: { chunk: string }) => {
      rendered.set(chunk, (rendered.get(chunk) ?? 0) + 1);
      await pause(10);
      return {};
    };
    const { stage } = await farm.plant({ chunks: 600 });
    const workers = [farm.worker({ slots: 2, run }), farm.worker({ slots: 2, run })];
    await until(async () => ((await countStates(farm.db, stage)).done ?? 0) > 50, 'work did not begin');

    mariaDb.kill();
    await until(async () => (await health(farm.url)) === 503, 'it did not say that it is not ready');
    const newcomer = farm.worker({ run });
    const answer = await until(() => newcomer.welcome, 'the newcomer got no answer');
    assert.equal(!answer.ok && answer.code, 'not-ready');
    const given = workers.map((worker) => worker.assigns.length);
    // Longer than a lease: it must not run out for a reason that is not the worker's.
    await pause(9_000);
    assert.deepEqual(
      workers.map((worker) => worker.assigns.length),
      given,
    );
    await mariaDb.restart();

    await until(async () => (await countStates(farm.db, stage)).done === 600, 'work did not go on');
    await until(() => newcomer.welcome?.ok, 'the newcomer was not let in');
    assert.deepEqual(
      [...rendered.values()].filter((times) => times > 1),
      [],
      'chunks were rendered twice',
    );
    const outcomes = await farm.db.selectFrom('leases').select('outcome').execute();
    assert.equal(outcomes.filter((row) => row.outcome === 'expired').length, 0);
  } finally {
    await farm.stop();
    await mariaDb.stop();
  }
});

test('while another program holds the SQLite file, it waits without standing still', async () => {
  const farm = await startFarm();
  try {
    const { stage } = await farm.plant({ chunks: 200 });
    const worker = farm.worker({ slots: 4, run: async () => ({}) });
    await until(async () => ((await countStates(farm.db, stage)).done ?? 0) > 10, 'work did not begin');
    await farm.db.connection().execute(async (held) => {
      await sql`begin immediate`.execute(held);
      const started = performance.now();
      await pause(1_500);
      assert.ok(performance.now() - started < 2_500, 'the process stood still');
      assert.equal(worker.socket.connected, true);
      await sql`commit`.execute(held);
    });
    await until(async () => (await countStates(farm.db, stage)).done === 200, 'work did not go on');
  } finally {
    await farm.stop();
  }
});

test('a full disk under SQLite stops the work, and room on it lets it go on', async () => {
  const farm = await startFarm();
  try {
    const { stage } = await farm.plant({ chunks: 300 });
    const log = 'x'.repeat(4_000);
    farm.worker({ slots: 4, run: async () => ({ log }) });
    await until(async () => ((await countStates(farm.db, stage)).done ?? 0) > 10, 'work did not begin');
    // Per connection: as if the disk had no page left.
    await sql`pragma max_page_count = 1`.execute(farm.own);
    await until(async () => (await health(farm.url)) === 503, 'it did not say that it is not ready');
    const before = await countStates(farm.db, stage);
    await pause(1_000);
    assert.equal((await countStates(farm.db, stage)).done, before.done);
    await sql`pragma max_page_count = 1000000`.execute(farm.own);
    await until(async () => (await countStates(farm.db, stage)).done === 300, 'work did not go on');
    assert.equal(await health(farm.url), 200);
  } finally {
    await farm.stop();
  }
});

const health = async (url: string): Promise<number> => (await fetch(`${url}/healthz`)).status;
