import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chunkId } from '@parallel-pilot/shared/model/ids.ts';
import { StagePatch, WorkersPatch } from '@parallel-pilot/shared/protocol/control.ts';
import { type MariaDb, startMariaDb } from '../../tests/support/mariadb.ts';
import { until } from '../../tests/support/until.ts';
import type { Outcome } from './support/fake-worker.ts';
import { connectControl, type FarmUnderTest, startFarm } from './support/farm-under-test.ts';
import { chunkRow, countStates, plantJob, setJob } from './support/planted.ts';

for (const kind of ['SQLite', 'MariaDB'] as const) {
  describe(`the control side, on ${kind}`, () => {
    let mariaDb: MariaDb | undefined;
    let farm: FarmUnderTest;
    const patches: { at: number; patch: StagePatch }[] = [];
    const workers: WorkersPatch[] = [];

    before(async () => {
      if (kind === 'MariaDB') mariaDb = await startMariaDb();
      farm = await startFarm(mariaDb?.url);
      farm.control.on('stage-patch', (message) =>
        patches.push({ at: performance.now(), patch: StagePatch.parse(message) }),
      );
      farm.control.on('workers-patch', (message) => workers.push(WorkersPatch.parse(message)));
    });
    after(async () => {
      await farm.stop();
      await mariaDb?.stop();
    });
    const of = (stage: string) => patches.filter(({ patch }) => patch.stage === stage);

    test('patches tell every change after it is committed, ten times a second at most, and the settled stage at once', async () => {
      const { stage } = await farm.plant({ chunks: 200 });
      const worker = farm.worker({ slots: 4, run: async () => ({}) });
      await until(() => of(stage).some(({ patch }) => patch.settled), 'it never settled');
      assert.deepEqual(await countStates(farm.db, stage), { done: 200 });
      const last = new Map(of(stage).flatMap(({ patch }) => patch.changes.map((it) => [it.ordinal, it])));
      assert.equal(last.size, 200);
      for (const change of last.values())
        assert.deepEqual([change.status, change.worker], ['done', worker.id]);
      const times = of(stage).flatMap(({ at, patch }) => (patch.settled ? [] : [at]));
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      // Sent a tenth of a second apart; on the way two may come closer.
      assert.ok(times.length < 3 || gaps.reduce((a, b) => a + b, 0) / gaps.length > 90, gaps.join(' '));
      worker.close();
    });

    test('progress, what was measured and load reach the backend, and one that connects later hears all of it', async () => {
      const { job, stage } = await farm.plant({ chunks: 1 });
      const worker = farm.worker();
      const assign = await until(() => worker.assigns[0], 'nothing was granted');
      await worker.start(assign.lease);
      worker.beat();
      worker.socket.emit('progress', {
        chunks: [{ lease: assign.lease, fraction: 0.25, detail: 'Sample 16/64' }],
      });
      const seen = { worker: worker.id, ordinal: 0, fraction: 0.25, detail: 'Sample 16/64' };
      await until(
        () => of(stage).some(({ patch }) => patch.progress.some((it) => it.fraction === 0.25)),
        'no progress',
      );
      assert.deepEqual(of(stage).at(-1)?.patch.progress, [seen]);
      const values = { loss: 0.31 };
      worker.socket.emit('progress', {
        chunks: [{ lease: assign.lease, fraction: 0.25, detail: 'Sample 16/64', values }],
      });
      await until(
        () => of(stage).some(({ patch }) => patch.progress.some((it) => it.values !== undefined)),
        'no values',
      );
      assert.deepEqual(of(stage).at(-1)?.patch.progress, [{ ...seen, values }]);
      const view = await until(
        () =>
          workers.flatMap((it) => it.workers).find((it) => it.worker === worker.id && it.running.length > 0),
        'the worker was not shown',
      );
      assert.deepEqual([view.status, view.load?.cpu, view.running[0]?.job], ['online', 0.5, job]);

      const late = connectControl(farm.url, farm.secrets);
      const told: StagePatch[] = [];
      late.on('stage-patch', (message) => told.push(StagePatch.parse(message)));
      await until(
        () => told.find((it) => it.stage === stage)?.progress[0]?.values?.loss === 0.31,
        'it was not told',
      );
      late.close();
      await worker.done(assign.lease);
      worker.close();
      await until(
        () =>
          workers.some((it) =>
            it.workers.some((one) => one.worker === worker.id && one.status === 'offline'),
          ),
        'it was not shown as gone',
      );
    });

    test('paused work waits, and goes on when resumed, without a hint', async () => {
      const { job, stage } = await plantJob(farm.db, { chunks: 1, state: 'paused' });
      const worker = farm.worker({ run: async () => ({}) });
      const { stage: other } = await plantJob(farm.db, { chunks: 1 });
      await until(async () => (await countStates(farm.db, other)).done === 1, 'the sweep found nothing');
      assert.deepEqual(await countStates(farm.db, stage), { queued: 1 });
      await setJob(farm.db, job, { state: 'running' });
      await until(async () => (await countStates(farm.db, stage)).done === 1, 'it did not go on');
      worker.close();
    });

    test('failed chunks are retried from the start, canceled ones too, and a job without a stage is refused', async () => {
      const { job, stage } = await farm.plant({ chunks: 2 });
      let broken = true;
      const run = async (): Promise<Outcome> => (broken ? { fail: 'blender/no-camera' } : {});
      const worker = farm.worker({ run });
      await until(async () => (await countStates(farm.db, stage)).failed === 2, 'they did not fail');
      assert.equal((await chunkRow(farm.db, stage, 0)).failure_code, 'blender/no-camera');
      broken = false;
      assert.deepEqual(await farm.control.emitWithAck('retry-chunks', { job }), { ok: true });
      await until(async () => (await countStates(farm.db, stage)).done === 2, 'they were not made');
      assert.deepEqual(
        [(await chunkRow(farm.db, stage, 0)).attempts, (await chunkRow(farm.db, stage, 0)).failure_code],
        [1, null],
      );
      const nothing = await farm.control.emitWithAck('retry-chunks', { job: 'job_00000000000000000000' });
      assert.equal(nothing.code, 'not-allowed');
      worker.close();
    });

    test('results found unusable are made again', async () => {
      const { job, stage } = await farm.plant({ chunks: 3 });
      const worker = farm.worker({ run: async () => ({}) });
      await until(async () => (await countStates(farm.db, stage)).done === 3, 'not done');
      const first = (await chunkRow(farm.db, stage, 1)).accepted_lease_id;
      const chunks = [{ chunk: chunkId(stage, 1), message: 'It does not decode.' }];
      assert.deepEqual(
        await farm.control.emitWithAck('reject-chunks', { job, because: 'unusable', chunks }),
        {
          ok: true,
        },
      );
      await until(async () => (await countStates(farm.db, stage)).done === 3, 'not made again');
      const row = await chunkRow(farm.db, stage, 1);
      assert.notEqual(row.accepted_lease_id, first);
      assert.equal(row.attempts, 2);
      worker.close();
    });

    test('what a user wants made once more has no attempt against it, also in a job that the farm had let go', async () => {
      const { job, stage } = await farm.plant({ chunks: 2 });
      const worker = farm.worker({ slots: 2, run: async () => ({}) });
      await until(async () => (await countStates(farm.db, stage)).done === 2, 'not done');
      const first = (await chunkRow(farm.db, stage, 1)).accepted_lease_id;
      await setJob(farm.db, job, { state: 'assembling' });
      farm.control.emit('jobs-changed', { jobs: [job] });
      const chunks = [{ chunk: chunkId(stage, 1), message: 'Asked for' }];
      const asked = { job, because: 'asked', chunks };
      assert.deepEqual(await farm.control.emitWithAck('reject-chunks', asked), { ok: true });
      await setJob(farm.db, job, { state: 'running' });
      farm.control.emit('jobs-changed', { jobs: [job] });
      await until(async () => (await countStates(farm.db, stage)).done === 2, 'not made again');
      const row = await chunkRow(farm.db, stage, 1);
      assert.notEqual(row.accepted_lease_id, first);
      assert.equal(row.attempts, 1);
      worker.close();
    });

    test('a canceled job of many chunks is over at once; a deleted one is forgotten', async () => {
      const { job, stage } = await farm.plant({ chunks: 20_000 });
      const worker = farm.worker();
      await until(() => worker.assigns.length === 2, 'nothing was granted');
      await setJob(farm.db, job, { state: 'canceled' });
      farm.control.emit('jobs-changed', { jobs: [job] });
      await until(() => worker.revoked.length === 2, 'not stopped');
      assert.deepEqual(await countStates(farm.db, stage), { canceled: 20_000 });
      await until(() => of(stage).some(({ patch }) => patch.settled), 'the backend was not told');

      const next = await farm.plant({ chunks: 5 });
      await until(() => worker.assigns.length === 4, 'nothing was granted');
      for (const table of ['leases', 'chunks', 'stages'] as const) {
        await farm.db.deleteFrom(table).where('job_id', '=', next.job).execute();
      }
      await farm.db.deleteFrom('jobs').where('id', '=', next.job).execute();
      farm.control.emit('jobs-changed', { jobs: [next.job] });
      await until(() => worker.revoked.length === 4, 'the deleted work was not stopped');
      const after = await farm.plant({ chunks: 1 });
      await until(() => worker.assigns.at(-1)?.stage === after.stage, 'it does not go on with others');
      worker.close();
    });
  });
}
