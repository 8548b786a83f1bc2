import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CreatePipeline, type PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import type { RunsOn } from '@parallel-pilot/shared/model/dependencies.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobEvent } from '@parallel-pilot/shared/model/job.ts';
import { NoticeSubject } from '@parallel-pilot/shared/model/notice.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { markRead, personNotices } from '@parallel-pilot/shared/server/db/person-notices.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { changeJob } from '../change-job.ts';
import { deleteJob } from '../jobs/actions.ts';
import { submit } from '../jobs/submit.ts';
import { asFirst, startTestFarm, type TestFarm } from '../jobs/test-farm.fixture.ts';
import { pipelineDetail, pipelineListPage } from './pipeline-views.ts';
import { cancelPipeline, deletePipeline, retryPipeline } from './steer-pipeline.ts';
import { submitPipeline } from './submit-pipeline.ts';

let farm: TestFarm;

type Sent = { name: string; after?: Record<string, RunsOn>; words?: string[]; more?: object };
/** What stands for the id of the job with this name. */
const standIn = (name: string): JobId => `job_${name.padEnd(10, '0')}` as JobId;

const sent = (jobs: Sent[], request: string) =>
  CreatePipeline.parse({
    request,
    name: 'chain',
    source: { name: 'chain.yaml', text: 'jobs: {}' },
    parameters: { rows: '3' },
    jobs: jobs.map(({ name, after = {}, words = ['sh', '-c', 'true'], more = {} }) => ({
      name,
      id: standIn(name),
      job: {
        kind: 'command',
        name,
        words,
        after: Object.entries(after).map(([one, on]) => ({ job: standIn(one), on })),
        ...more,
      },
    })),
  });

const send = (jobs: Sent[], request: string = crypto.randomUUID()) =>
  submitPipeline(farm.parts, farm.by, sent(jobs, request));

async function taken(jobs: Sent[]): Promise<PipelineDetail> {
  const submitted = await send(jobs);
  assert.ok(submitted.ok, submitted.ok ? '' : submitted.message);
  return look(submitted.pipeline);
}

async function look(id: PipelineDetail['id']): Promise<PipelineDetail> {
  const detail = await pipelineDetail(farm.parts, id, farm.by.team);
  assert.ok(detail);
  return detail;
}

const states = ({ jobs }: PipelineDetail): string => jobs.map(({ job }) => job.state).join(' ');
const end = (job: JobId | undefined, state: 'completed' | 'failed') =>
  farm.parts.db
    .updateTable('jobs')
    .set({ state, finished_at: 1 })
    .where('id', '=', job as JobId)
    .execute();
const countRows = async (table: 'jobs' | 'pipelines' | 'pipeline_jobs' | 'stages'): Promise<number> =>
  (await farm.parts.db.selectFrom(table).selectAll().execute()).length;

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const)
  describe(`pipelines, on ${column}`, () => {
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    before(async () => {
      database = await startDatabase();
      farm = await startTestFarm({ databaseUrl: database?.url });
      await farm.addWorker({ kinds: ['command'], 'command.programs': ['sh', 'cat'] });
    });
    after(async () => {
      await farm?.stop();
      await database?.stop();
    });

    test('jobs have ids of their own, stand after what they need whatever the order they came in, and name their pipeline', async () => {
      const pipeline = await taken([
        { name: 'show', after: { add: 'always' } },
        { name: 'add', words: ['cat', 'a'], more: { files: [takes('make', 'a')] } },
        { name: 'make' },
      ]);
      assert.deepEqual(
        pipeline.jobs.map(({ name, job, after }) => [
          name,
          job.state,
          job.pipeline?.id,
          after.map(({ job: id, on }) => `${pipeline.jobs.find((one) => one.job.id === id)?.name} ${on}`),
        ]),
        [
          ['make', 'preparing', pipeline.id, []],
          ['add', 'blocked', pipeline.id, ['make success']],
          ['show', 'blocked', pipeline.id, ['add always']],
        ],
      );
      assert.deepEqual(
        [pipeline.state, pipeline.states, pipeline.parameters, pipeline.source],
        ['active', { preparing: 1, blocked: 2 }, { rows: '3' }, { name: 'chain.yaml', text: 'jobs: {}' }],
      );
      assert.equal(await pipelineDetail(farm.parts, pipeline.id, 'tea_00000000' as TeamId), null);
    });

    test('where one job is refused nothing of the pipeline is there, and it says which', async () => {
      const before = await Promise.all(
        (['jobs', 'pipelines', 'pipeline_jobs', 'stages'] as const).map(countRows),
      );
      const gone = 'job_99999999999999999999' as JobId;
      for (const [refused, message] of [
        // Only the transaction that writes them can tell.
        [
          [{ name: 'make' }, { name: 'late', more: { after: [{ job: gone }] } }],
          /^jobs\.late: .*no such job/,
        ],
        [[{ name: 'make' }, { name: 'bad', words: ['rm', '-rf', '/'] }], /^jobs\.bad: /],
        [[{ name: 'make' }, { name: 'make' }], /Two jobs of the pipeline are called "make"/],
        [
          [
            { name: 'a', after: { b: 'success' } },
            { name: 'b', after: { a: 'success' } },
          ],
          /"a" needs "b" needs "a"/,
        ],
        [[{ name: 'a', after: { a: 'success' } }], /"a" needs "a"/],
      ] as [Sent[], RegExp][]) {
        const submitted = await send(refused);
        assert.ok(!submitted.ok);
        assert.match(submitted.message, message);
      }
      const after = await Promise.all(
        (['jobs', 'pipelines', 'pipeline_jobs', 'stages'] as const).map(countRows),
      );
      assert.deepEqual(after, before);
    });

    test('a request that is heard twice, also at once, makes one pipeline', async () => {
      const all = await Promise.all([1, 2, 3].map(() => send([{ name: 'once' }], 'the-same')));
      const ids = new Set(
        [...all, await send([{ name: 'once' }], 'the-same')].map((one) => one.ok && one.pipeline),
      );
      assert.equal(ids.size, 1);
      const { pipelines } = await pipelineListPage(farm.parts, farm.by.team, { limit: 50 });
      assert.deepEqual(
        pipelines.filter(({ id }) => ids.has(id)).map(({ total }) => total),
        [1],
      );
    });

    test('canceled as a whole nothing of it begins any more, not even what is there for failures; retried, all of it goes on', async () => {
      const made = await taken([
        { name: 'done' },
        { name: 'first', after: { done: 'success' } },
        { name: 'second', after: { first: 'success' } },
        { name: 'rescue', after: { first: 'failure' } },
      ]);
      await end(made.jobs[0]?.job.id, 'completed');
      assert.deepEqual(await cancelPipeline(farm.parts, farm.by, made.id), { ok: true });
      await farm.parts.engine.sweep();
      assert.equal(states(await look(made.id)), 'completed canceled canceled canceled');
      assert.equal((await look(made.id)).state, 'canceled');
      const again = await cancelPipeline(farm.parts, farm.by, made.id);
      assert.ok(!again.ok && /nothing is left to cancel/.test(again.message));
      assert.deepEqual(await retryPipeline(farm.parts, farm.by, made.id), { ok: true });
      assert.match(states(await look(made.id)), /^completed (blocked|preparing) blocked blocked$/);
    });

    test('retried it goes on from what failed, and what is done stays', async () => {
      const made = await taken([
        { name: 'make' },
        { name: 'left', after: { make: 'success' } },
        { name: 'right', after: { make: 'success' } },
        { name: 'both', after: { left: 'success', right: 'success' } },
        { name: 'rescue', after: { left: 'failure' } },
      ]);
      const [make, left, right, , rescue] = made.jobs.map(({ job }) => job.id);
      await end(make, 'completed');
      await farm.parts.engine.sweep();
      await end(left, 'completed');
      await end(right, 'failed');
      await farm.parts.engine.sweep();
      assert.equal(states(await look(made.id)), 'completed completed failed canceled canceled');
      assert.equal((await look(made.id)).state, 'failed');
      assert.deepEqual(await retryPipeline(farm.parts, farm.by, made.id), { ok: true });
      assert.equal(states(await look(made.id)), 'completed completed preparing blocked canceled');
      await end(right, 'completed');
      await farm.parts.engine.sweep();
      await end((await look(made.id)).jobs[3]?.job.id, 'completed');
      assert.equal((await look(made.id)).state, 'completed', 'what was there for failures never ran');
      const nothing = await retryPipeline(farm.parts, farm.by, made.id);
      assert.ok(
        !nothing.ok && /which is completed|runs only after the failure/.test(nothing.message),
        `${rescue}`,
      );
    });

    test('deleted as a whole it is gone with its jobs, but not while another job needs one of them', async () => {
      const made = await taken([{ name: 'make' }, { name: 'use', after: { make: 'success' } }]);
      const [make] = made.jobs.map(({ job }) => job.id);
      const outside = await submit(farm.parts, farm.by, {
        kind: 'command',
        ...sent([{ name: 'outside' }], 'x').jobs[0]?.job,
        after: [{ job: make as JobId, on: 'success' }],
      } as Parameters<typeof submit>[2]);
      assert.ok(outside.ok);
      const refused = await deletePipeline(farm.parts, farm.by, made.id);
      assert.ok(
        !refused.ok && /"outside", which is not of this pipeline, waits for "make"/.test(refused.message),
      );
      assert.equal(states(await look(made.id)), 'preparing blocked');
      assert.deepEqual(await deleteJob(farm.parts, farm.by, outside.job), { ok: true });
      assert.deepEqual(await deletePipeline(farm.parts, farm.by, made.id), { ok: true });
      assert.equal(await pipelineDetail(farm.parts, made.id, farm.by.team), null);
      const left = await farm.parts.db
        .selectFrom('jobs')
        .select('id')
        .where('id', '=', make as JobId)
        .execute();
      assert.deepEqual(left, []);
    });

    test('of jobs that end at once the first that fails is told, and once that all of them are over', async () => {
      const { db } = farm.parts;
      const six = ['a', 'b', 'c', 'd', 'e', 'f'];
      const pipeline = await taken(six.map((name) => ({ name })));
      const [earlier = null] = await personNotices(db, farm.by, 1);
      const reason = { code: 'dependency', message: 'Canceled, as it runs only after another.' };
      const ends = async ({ id }: { id: JobId }, event: JobEvent) => {
        const row = await findJob(db, id);
        assert.ok(row && (await changeJob(db, row, event, 7)).ok);
      };
      await Promise.all(
        pipeline.jobs.map(({ job }, at) =>
          ends(
            job,
            at % 2 === 0 ? { type: 'fail', code: 'x', message: 'It broke.' } : { type: 'cancel', reason },
          ),
        ),
      );
      const told = (await personNotices(db, farm.by, 50)).filter(({ id }) => id > (earlier?.id ?? 0));
      const subjects = told.map(({ subject_json }) => NoticeSubject.parse(JSON.parse(subject_json)));
      assert.equal(told.length, 2);
      assert.ok(six.includes(subjects[1]?.name ?? '') && subjects[1]?.whole === null);
      assert.equal(subjects[1]?.message, 'It broke. It is the first of chain that failed.');
      const { name, whole, message } = subjects[0] as NoticeSubject;
      assert.deepEqual([name, whole], ['chain', { type: 'pipeline', id: pipeline.id }]);
      assert.match(message, /^0 of 6 jobs are done, 3 failed, 3 were canceled\./);
      assert.equal(await markRead(db, farm.by, { whole: { type: 'pipeline', id: pipeline.id } }, 8), true);
      assert.ok((await personNotices(db, farm.by, 2)).every(({ is_read }) => is_read === 1));
    });

    test('who may not steer the jobs of others may not steer their pipeline', async () => {
      const made = await taken([{ name: 'make' }]);
      const other = {
        ...asFirst(farm.parts),
        person: 'per_00000000' as typeof farm.by.person,
        teamRole: 'member' as const,
      };
      const refused = await cancelPipeline(farm.parts, other, made.id);
      assert.ok(!refused.ok && refused.status === 403);
    });
  });

const takes = (name: string, result: string) => ({ path: result, blob: { job: standIn(name), result } });
