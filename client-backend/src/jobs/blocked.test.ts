import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { After } from '@parallel-pilot/shared/api/create-job.ts';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { putArtifact } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { insertDependencies } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { until } from '../../../tests/support/until.ts';
import { cancelJob, deleteJob, retryJob } from './actions.ts';
import { jobDetail, submissionOf } from './job-detail.ts';
import { submit } from './submit.ts';
import { startTestFarm, stateOfJob, storeBytes, type TestFarm } from './test-farm.fixture.ts';

let farm: TestFarm;
type Sent = { after?: After[]; files?: unknown[]; words?: string[]; name?: string };

const send = (sent: Sent = {}) =>
  submit(
    farm.parts,
    farm.by,
    CreateJob.parse({ kind: 'command', words: sent.words ?? ['sh', '-c', 'true'], ...sent }),
  );

async function sent(given: Sent = {}): Promise<JobId> {
  const submitted = await send(given);
  assert.ok(submitted.ok, submitted.ok ? '' : submitted.message);
  return submitted.job;
}

const on = (job: JobId, how: After['on'] = 'success'): After => ({ job, on: how });

const end = (job: JobId, state: 'completed' | 'failed' | 'canceled') =>
  farm.parts.db.updateTable('jobs').set({ state, finished_at: 1 }).where('id', '=', job).execute();

const stateOf = async (job: JobId) => (await stateOfJob(farm.parts, job)).state;
const detailOf = async (job: JobId) => {
  const detail = await jobDetail(farm.parts, job, farm.by.team);
  assert.ok(detail);
  return detail;
};

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const)
  describe(`jobs that wait for each other, on ${column}`, () => {
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    before(async () => {
      database = await startDatabase();
      farm = await startTestFarm({ databaseUrl: database?.url });
      await farm.addWorker({ kinds: ['command'], 'command.programs': ['python3', 'sh', 'cat'] });
    });
    after(async () => {
      await farm?.stop();
      await database?.stop();
    });

    test('a job waits for another to end, says so, and begins when it has', async () => {
      const first = await sent({ name: 'simulate' });
      const second = await sent({ after: [on(first)] });
      await farm.parts.engine.sweep();
      const waits = await detailOf(second);
      assert.equal(waits.state, 'blocked');
      assert.deepEqual(waits.waiting, { code: 'dependencies', message: 'Waits for "simulate" to end.' });
      assert.deepEqual(
        waits.after.map(({ id, name, state, on: how }) => [id, name, state, how]),
        [[first, 'simulate', 'preparing', 'success']],
      );
      assert.deepEqual(
        (await detailOf(first)).dependents.map(({ id, state }) => [id, state]),
        [[second, 'blocked']],
      );
      await end(first, 'completed');
      await farm.parts.engine.sweep();
      assert.equal(await stateOf(second), 'preparing');
      assert.notEqual((await detailOf(second)).waiting?.code, 'dependencies');
    });

    test('a job that failed ends what needs its success, lets begin what is for that, and brings the rest back when it is retried', async () => {
      const first = await sent({ name: 'simulate' });
      const success = await sent({ name: 'train', after: [on(first)] });
      const further = await sent({ after: [on(success)] });
      const failure = await sent({ after: [on(first, 'failure')] });
      const always = await sent({ after: [on(first, 'always')] });
      await farm.parts.db
        .updateTable('chunks')
        .set({ state: 'failed' })
        .where('job_id', '=', first)
        .execute();
      await end(first, 'failed');
      await farm.parts.engine.sweep();
      await farm.parts.engine.sweep();
      const states = () => Promise.all([success, further, failure, always].map(stateOf));
      assert.deepEqual(await states(), ['canceled', 'canceled', 'preparing', 'preparing']);
      const [note] = await listNotes(farm.parts.db, success);
      assert.equal(
        note?.message,
        'Canceled, as it runs only after the success of "simulate", which failed. It waits again as soon as that is retried.',
      );
      const refused = await retryJob(farm.parts, farm.by, success);
      assert.ok(!refused.ok && /"simulate", which failed/.test(refused.message));
      assert.deepEqual(await retryJob(farm.parts, farm.by, first), { ok: true });
      assert.deepEqual(await states(), ['blocked', 'blocked', 'preparing', 'preparing']);
      await end(first, 'completed');
      await farm.parts.engine.sweep();
      assert.deepEqual(await states(), ['preparing', 'blocked', 'preparing', 'preparing']);
    });

    test('of several whose failure is needed one is enough, when all have ended', async () => {
      const [one, two, three] = [await sent(), await sent({ name: 'second' }), await sent()];
      const any = await sent({ after: [on(one, 'failure'), on(two, 'failure')] });
      const none = await sent({ after: [on(two, 'failure'), on(three, 'failure')] });
      await end(one, 'failed');
      await farm.parts.engine.sweep();
      assert.deepEqual([await stateOf(any), await stateOf(none)], ['blocked', 'blocked']);
      await end(two, 'completed');
      await farm.parts.engine.sweep();
      assert.deepEqual([await stateOf(any), await stateOf(none)], ['preparing', 'blocked']);
      await end(three, 'completed');
      await farm.parts.engine.sweep();
      assert.equal(await stateOf(none), 'canceled');
      const [note] = await listNotes(farm.parts.db, none);
      assert.match(note?.message ?? '', /only after the failure of "second", which was completed\.$/);
    });

    test('what somebody canceled stays so when that for which it waited is retried; retried, it waits again', async () => {
      const first = await sent();
      const second = await sent({ after: [on(first)] });
      assert.deepEqual(await cancelJob(farm.parts, farm.by, second), { ok: true });
      await end(first, 'failed');
      await retryJob(farm.parts, farm.by, first);
      assert.equal(await stateOf(second), 'canceled');
      assert.deepEqual(await retryJob(farm.parts, farm.by, second), { ok: true });
      assert.equal(await stateOf(second), 'blocked');
    });

    test('what can never run is refused, and says which job it is about', async () => {
      const first = await sent({ name: 'simulate' });
      const said = async (given: Sent) => {
        const submitted = await send(given);
        return submitted.ok ? 'taken' : submitted.message;
      };
      const unknown = 'job_00000000000000000000' as JobId;
      assert.match(await said({ after: [on(unknown)] }), /after job_0+, and there is no such job/);
      assert.match(await said({ after: [on(first), on(first, 'always')] }), /stands twice/);
      const takes = { path: 'a.csv', blob: { job: first, result: 'table.csv' } };
      assert.match(
        await said({ after: [on(first, 'always')], files: [takes] }),
        /takes "table.csv" of job_\w+, so it can only run after the success/,
      );
      await end(first, 'failed');
      assert.match(
        await said({ after: [on(first)] }),
        /never run.*success of "simulate", which is failed already/,
      );
      await end(first, 'completed');
      const next = await send({ after: [on(first)] });
      assert.ok(next.ok);
      assert.equal(await stateOf(next.job), 'preparing', 'it waits for what has ended already');
    });

    test("another team's job is as unknown as one that never was", async () => {
      const first = await sent();
      await farm.parts.db
        .updateTable('jobs')
        .set({ team_id: 'tea_another0' as never })
        .where('id', '=', first)
        .execute();
      const submitted = await send({ after: [on(first)] });
      assert.ok(!submitted.ok);
      assert.match(submitted.message, /there is no such job/);
    });

    test('a job is not deleted while others wait for it', async () => {
      const first = await sent();
      const second = await sent({ name: 'train', after: [on(first)] });
      const refused = await deleteJob(farm.parts, farm.by, first);
      assert.ok(!refused.ok);
      assert.equal(
        refused.message,
        'The job "train" waits for this one, and may need its results. Cancel that first.',
      );
      assert.equal(await stateOf(first), 'preparing', 'it was canceled all the same');
      await cancelJob(farm.parts, farm.by, second);
      assert.deepEqual(await deleteJob(farm.parts, farm.by, first), { ok: true });
      const again = await retryJob(farm.parts, farm.by, second);
      assert.ok(!again.ok && /after the success of a job that was deleted/.test(again.message));
    });

    test("another job's result becomes an input when that is completed, and nothing of it is sent again", async () => {
      const first = await sent({ name: 'simulate' });
      const bytes = await storeBytes(farm.parts, Buffer.from('a,b\n1,2\n'), 'text/csv');
      const script = await storeBytes(farm.parts, Buffer.from('print(1)'), 'text/x-python');
      const second = await sent({
        words: ['cat', 'in/table.csv'],
        files: [
          { path: 'in/table.csv', blob: { job: first, result: 'table.csv' } },
          { path: 'a.py', blob: script.hash },
        ],
      });
      await farm.parts.engine.sweep();
      const waits = await detailOf(second);
      assert.deepEqual([waits.state, waits.view.kind, waits.counts.total], ['blocked', 'command', 0]);
      assert.match(
        JSON.stringify(await submissionOf(farm.parts, second, farm.by.team)),
        /"result":"table.csv"/,
      );
      // Who has the results is the farm: whether the person's team ever uploaded them does not matter.
      await farm.parts.db.deleteFrom('team_blobs').where('hash', '=', bytes.hash).execute();
      await putArtifact(farm.parts.db, {
        job_id: first,
        name: 'table.csv',
        ...bytes,
        media_type: 'text/csv',
        created_at: 1,
      });
      await end(first, 'completed');
      await until(async () => {
        await farm.parts.engine.sweep();
        return (await stateOf(second)) === 'preparing';
      }, 'it was not prepared');
      const stage = await newestStage(farm.parts.db, second);
      assert.deepEqual(
        JSON.parse(stage?.inputs_json ?? '[]').map((input: { path: string; hash: string }) => [
          input.path,
          input.hash,
        ]),
        [
          ['in/table.csv', bytes.hash],
          ['a.py', script.hash],
        ],
      );
      assert.equal((await detailOf(second)).counts.total, 1);
      const kept = await farm.parts.db
        .selectFrom('job_blobs')
        .select('hash')
        .where('job_id', '=', second)
        .execute();
      assert.deepEqual(kept.map(({ hash }) => hash).sort(), [bytes.hash, script.hash].sort());
    });

    test('a result that is not there fails the job with what there is instead; retried, it is looked for again', async () => {
      const first = await sent({ name: 'simulate' });
      const other = await storeBytes(farm.parts, Buffer.from('x'), 'text/csv');
      const second = await sent({ files: [{ path: 'a.csv', blob: { job: first, result: 'tabel.csv' } }] });
      const put = (name: string) =>
        putArtifact(farm.parts.db, { job_id: first, name, ...other, media_type: 'text/csv', created_at: 1 });
      await put('table.csv');
      await end(first, 'completed');
      await until(async () => {
        await farm.parts.engine.sweep();
        return (await stateOf(second)) === 'failed';
      }, 'it did not fail');
      assert.equal(
        (await stateOfJob(farm.parts, second)).state_message,
        '"simulate" is completed, and has no result "tabel.csv". It has table.csv.',
      );
      await put('tabel.csv');
      assert.deepEqual(await retryJob(farm.parts, farm.by, second), { ok: true });
      await until(async () => {
        await farm.parts.engine.sweep();
        return (await stateOf(second)) === 'preparing';
      }, 'it was not prepared');
    });

    test('jobs that wait for each other in a circle, which nobody can submit, wait and harm nobody', async () => {
      const [one, two] = [await sent(), await sent()];
      const block = (id: JobId) =>
        farm.parts.db.updateTable('jobs').set({ state: 'blocked' }).where('id', '=', id).execute();
      await insertDependencies(farm.parts.db, one, [on(two)]);
      await insertDependencies(farm.parts.db, two, [on(one)]);
      await block(one);
      await block(two);
      await farm.parts.engine.sweep();
      assert.deepEqual([await stateOf(one), await stateOf(two)], ['blocked', 'blocked']);
      assert.deepEqual(await cancelJob(farm.parts, farm.by, one), { ok: true });
      await farm.parts.engine.sweep();
      assert.equal((await findJob(farm.parts.db, two))?.state_code, 'dependency');
    });
  });
