import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { JobListQuery } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { changeJobState, findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { type MariaDb, startMariaDb } from '../../../tests/support/mariadb.ts';
import { cancelJob, renameOrPrioritize, retryJob } from './actions.ts';
import { measureJobs } from './job-sizes.ts';
import { jobListPage, summarize } from './summaries.ts';
import {
  finishChunk,
  openStage,
  probed,
  startTestFarm,
  storeBytes,
  type TestFarm,
} from './test-farm.fixture.ts';

for (const database of ['SQLite', 'MariaDB'] as const) {
  describe(`the list of jobs on ${database}`, () => {
    let server: MariaDb | undefined;
    let farm: TestFarm;
    before(async () => {
      server = database === 'MariaDB' ? await startMariaDb() : undefined;
      farm = await startTestFarm({ databaseUrl: server?.url });
      await farm.addWorker();
    });
    after(async () => {
      await farm.stop();
      await server?.stop();
    });

    const list = (query: Record<string, unknown>) =>
      jobListPage(farm.parts, farm.by.team, JobListQuery.parse(query));
    const summaryOf = async (job: JobId) => {
      const head = await findJobHead(farm.parts.db, job, farm.by.team);
      assert.ok(head);
      const [summary] = await summarize(farm.parts, [head]);
      assert.ok(summary);
      return summary;
    };

    test('the work begins with the first planned chunk, and stays there when the job is taken up again', async () => {
      const job = await farm.addJob();
      await probed(farm.parts, job);
      assert.equal((await summaryOf(job)).startedAt, null, 'the look into the file is no work on the frames');
      const stage = await openStage(farm.parts, job);
      const at = farm.parts.clock() + 180_000;
      await finishChunk(farm.parts, stage.id, 0, { result: {}, at });
      await farm.parts.engine.advance(job);
      const { state, startedAt } = await summaryOf(job);
      assert.deepEqual([state, startedAt], ['running', at - 1_000]);
      await cancelJob(farm.parts, farm.by, job);
      await retryJob(farm.parts, farm.by, job);
      await farm.parts.engine.advance(job);
      assert.equal((await summaryOf(job)).startedAt, at - 1_000);
    });

    test('where the first stage is the work, it begins with the first chunk of that', async () => {
      const job = await farm.addJob();
      const stage = await openStage(farm.parts, job);
      const at = farm.parts.clock() + 180_000;
      await finishChunk(farm.parts, stage.id, 0, { result: {}, at });
      const [from, to] = [{ status: 'preparing' }, { status: 'assembling' }] as const;
      assert.ok(await changeJobState(farm.parts.db, job, { from, to, now: at }));
      assert.equal((await summaryOf(job)).startedAt, at - 1_000);
      await cancelJob(farm.parts, farm.by, job);
    });

    test('every order comes in pages that hold each job once, and words and states narrow it', async () => {
      const made: JobId[] = [];
      for (const name of ['Sky shot 2', 'alley shot 10', '100% Shot_x', 'forest']) {
        const job = await farm.addJob({ name: `paged ${name}` });
        made.push(job);
      }
      const [first, second, , last] = made;
      assert.ok(first && second && last);
      await renameOrPrioritize(farm.parts, farm.by, second, { priority: 50 });
      await cancelJob(farm.parts, farm.by, last);
      const orders = {
        running: ['100% Shot_x', 'alley shot 10', 'Sky shot 2', 'forest'],
        newest: ['forest', '100% Shot_x', 'alley shot 10', 'Sky shot 2'],
        oldest: ['Sky shot 2', 'alley shot 10', '100% Shot_x', 'forest'],
        name: ['100% Shot_x', 'alley shot 10', 'forest', 'Sky shot 2'],
        priority: ['alley shot 10', 'forest', '100% Shot_x', 'Sky shot 2'],
      };
      for (const [sort, names] of Object.entries(orders)) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await list({ q: 'PAGED', sort, limit: 3, ...(cursor === null ? {} : { cursor }) });
          seen.push(...page.jobs.map((job) => job.name.replace('paged ', '')));
          cursor = page.next;
          assert.equal(page.total, 4);
        } while (cursor !== null);
        assert.deepEqual(seen, names, sort);
      }
      const names = async (query: Record<string, unknown>) =>
        (await list(query)).jobs.map((job) => job.name).sort();
      assert.deepEqual(await names({ q: ' shot  paged ' }), [
        'paged 100% Shot_x',
        'paged Sky shot 2',
        'paged alley shot 10',
      ]);
      assert.deepEqual(await names({ q: '0% shot_' }), ['paged 100% Shot_x']);
      assert.deepEqual(await names({ q: '%' }), ['paged 100% Shot_x']);
      const canceled = await list({ q: 'paged', state: 'canceled' });
      assert.deepEqual([canceled.total, canceled.states.canceled, canceled.states.preparing], [1, 1, 3]);
      assert.equal((await list({ q: 'paged', cursor: 'broken' })).jobs.length, 4);
    });

    test('a job that is over tells what it stores, each shared file once, and the largest comes first', async () => {
      const [small, large] = [await farm.addJob({ name: 'sized a' }), await farm.addJob({ name: 'sized b' })];
      const own = (await summaryOf(small)).bytes;
      assert.equal(own, null, 'not measured while it goes on');
      await probed(farm.parts, large);
      const { id } = await openStage(farm.parts, large);
      const blob = await storeBytes(farm.parts, Buffer.alloc(5_000, 7), 'image/png');
      await finishChunk(farm.parts, id, 0, {
        result: {},
        files: [{ name: 'frame', mediaType: 'image/png', ...blob }],
      });
      await cancelJob(farm.parts, farm.by, small);
      await cancelJob(farm.parts, farm.by, large);
      await measureJobs(farm.parts);
      const [a, b] = [(await summaryOf(small)).bytes, (await summaryOf(large)).bytes];
      assert.ok(a !== null && b !== null && a > 0);
      assert.equal(b - a, 5_000);
      assert.deepEqual(
        (await list({ q: 'sized', sort: 'largest' })).jobs.map((job) => job.name),
        ['sized b', 'sized a'],
      );
      await retryJob(farm.parts, farm.by, large);
      assert.equal((await summaryOf(large)).bytes, null, 'measured anew once it is over again');
    });
  });
}
