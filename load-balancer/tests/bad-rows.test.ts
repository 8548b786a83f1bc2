import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chunkId, type JobId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import { sql } from 'kysely';
import { type MariaDb, startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import { type FarmUnderTest, startFarm } from './support/farm-under-test.ts';
import { chunkRow, countStates, plantJob, setJob } from './support/planted.ts';

for (const kind of ['SQLite', 'MariaDB'] as const) {
  describe(`one bad row does not stall the farm, on ${kind}`, () => {
    let mariaDb: MariaDb | undefined;
    let farm: FarmUnderTest;
    let unreadable: JobId;

    before(async () => {
      if (kind === 'MariaDB') mariaDb = await startMariaDb();
      // It starts with one such job, and serves the other.
      farm = await startFarm(mariaDb?.url, async (db) => {
        unreadable = (await plantJob(db, { chunks: 1 })).job;
        await db.updateTable('stages').set({ inputs_json: '[{' }).where('job_id', '=', unreadable).execute();
      });
    });
    after(async () => {
      await farm.stop();
      await mariaDb?.stop();
    });
    const othersAreServed = async (): Promise<void> => {
      const { stage } = await farm.plant({ chunks: 3 });
      const worker = farm.worker({ run: async () => ({}) });
      await until(async () => (await countStates(farm.db, stage)).done === 3, 'others were not served');
      worker.close();
    };

    test('a stage that does not parse is left out, and made once it is mended', async () => {
      await othersAreServed();
      await farm.db
        .updateTable('stages')
        .set({ inputs_json: '[]' })
        .where('job_id', '=', unreadable)
        .execute();
      const worker = farm.worker({ run: async () => ({}) });
      const { id } = await farm.db
        .selectFrom('stages')
        .select('id')
        .where('job_id', '=', unreadable)
        .executeTakeFirstOrThrow();
      await until(async () => (await countStates(farm.db, id)).done === 1, 'the mended job was not made');
      worker.close();
    });

    test('a chunk that does not parse fails, the others of its stage are made', async () => {
      const { job, stage } = await plantJob(farm.db, { chunks: 3, state: 'paused' });
      await farm.db
        .updateTable('chunks')
        .set({ spec_json: 'frame 1' })
        .where('id', '=', chunkId(stage, 1))
        .execute();
      await setJob(farm.db, job, { state: 'queued' });
      farm.control.emit('jobs-changed', { jobs: [job] });
      const worker = farm.worker({ run: async () => ({}) });
      await until(async () => (await countStates(farm.db, stage)).done === 2, 'the others were not made');
      await until(async () => (await chunkRow(farm.db, stage, 1)).state === 'failed', 'it waits for ever');
      assert.equal((await chunkRow(farm.db, stage, 1)).failure_code, 'unexpected');
      worker.close();
    });

    test('a chunk held under no lease, and a lease of a chunk that is not held, are put right', async () => {
      const { stage } = await farm.plant({ chunks: 2 });
      const worker = farm.worker({ slots: 2 });
      await until(() => worker.assigns.length === 2, 'nothing was granted');
      const [first, second] = worker.assigns.map((it) => it.lease);
      assert.ok(first && second);
      await farm.db.deleteFrom('leases').where('id', '=', first).execute();
      const taken = worker.assigns.find((it) => it.lease === second)?.chunk;
      await farm.db
        .updateTable('chunks')
        .set({ state: 'canceled' })
        .where('id', '=', taken ?? ('' as never))
        .execute();
      await Promise.all([worker.released([first]), worker.released([second])]);
      await until(async () => {
        const row = await farm.db
          .selectFrom('leases')
          .select('outcome')
          .where('id', '=', second)
          .executeTakeFirst();
        return row?.outcome === 'canceled';
      }, 'the lease stays open');
      await until(() => worker.assigns.length === 3, 'the chunk is not given again');
      assert.deepEqual(await worker.done(worker.assigns[2]?.lease ?? second), { ok: true });
      assert.deepEqual(await countStates(farm.db, stage), { canceled: 1, done: 1 });
      worker.close();
    });

    // MariaDB has no such trigger.
    if (kind === 'SQLite')
      test('a job whose rows the database does not change goes into quarantine, and its worker is freed', async () => {
        const { job, stage } = await farm.plant({ chunks: 1 });
        const worker = farm.worker();
        const { lease } = await until(() => worker.assigns[0], 'nothing was granted');
        await worker.start(lease);
        await until(async () => (await chunkRow(farm.db, stage, 0)).state === 'running', 'it did not begin');
        await sql`create trigger refuse before update on leases when old.id = ${sql.lit(lease)}
        begin select raise(ignore); end`.execute(farm.db);
        await setJob(farm.db, job, { state: 'canceled' });
        farm.control.emit('jobs-changed', { jobs: [job] });
        await until(() => worker.revoked.includes(lease), 'the worker goes on with it');
        const asked = await farm.control.emitWithAck('retry-chunks', { job });
        assert.equal(asked.code, 'not-allowed');
        worker.close();
        await othersAreServed();
        await sql`drop trigger refuse`.execute(farm.db);
        assert.equal((await fetch(`${farm.url}/healthz`)).status, 200);
      });
  });
}

test('a load balancer that starts with such a job serves the others, and cancels what is left of it', async () => {
  let left: StageId | undefined;
  const farm = await startFarm(undefined, async (db) => {
    const { stage } = await plantJob(db, { chunks: 1, state: 'canceled' });
    left = stage;
    await db
      .updateTable('chunks')
      .set({ state: 'running', attempts: 1 })
      .where('stage_id', '=', stage)
      .execute();
  });
  try {
    const { stage } = await farm.plant({ chunks: 2 });
    farm.worker({ run: async () => ({}) });
    await until(async () => (await countStates(farm.db, stage)).done === 2, 'others were not served');
    assert.ok(left);
    assert.deepEqual(await countStates(farm.db, left), { canceled: 1 });
  } finally {
    await farm.stop();
  }
});
