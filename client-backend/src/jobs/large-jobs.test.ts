import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { JobDetail, JobList } from '@parallel-pilot/shared/api/jobs.ts';
import { type LeaseId, newId } from '@parallel-pilot/shared/model/ids.ts';
import { sql } from 'kysely';
import { chunkRoutes } from '../routes/chunks.ts';
import { jobRoutes } from '../routes/jobs.ts';
import { cancelJob, deleteJob } from './actions.ts';
import { advance } from './advance.ts';
import {
  askedBy,
  finishChunk,
  openStage,
  PROBE,
  probed,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from './test-farm.fixture.ts';

const FRAMES = 100_000;

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker();
});
after(() => farm.stop());

/** Milliseconds it took; printed, for a shared machine says nothing absolute. */
async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await act();
  console.log(`${what}: ${(performance.now() - from).toFixed(0)} ms`);
  return result;
}

async function page(path: string): Promise<unknown> {
  const routes = askedBy(farm.by, path.includes('/chunks') ? chunkRoutes(farm.parts) : jobRoutes(farm.parts));
  const response = await timed(`GET ${path.replace(/job_\w+/, ':id')}`, async () => {
    const got = await routes.request(path);
    await got.clone().arrayBuffer();
    return got;
  });
  assert.equal(response.status, 200, path);
  return response.json();
}

test('a job of 100,000 frames is planned, shown, canceled and deleted', async () => {
  const job = await farm.addJob({ settings: { frames: `1-${FRAMES}` } });
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: PROBE });
  await timed(`planning ${FRAMES} chunks`, () => advance(farm.parts, job));
  const stage = await openStage(farm.parts, job);
  assert.equal(stage.count, FRAMES);

  // As the balancer leaves them half-way, with the logs that workers send.
  const worker = await farm.addWorker();
  const leaseOf = () => sql<LeaseId>`'lse_' || substr('0000000000000000' || ordinal, -16)`;
  await farm.parts.db
    .updateTable('chunks')
    .set((eb) => ({
      state: 'done',
      accepted_lease_id: leaseOf(),
      started_at: eb('ordinal', '*', 100),
      finished_at: eb('ordinal', '*', 100),
    }))
    .where('stage_id', '=', stage.id)
    .where('ordinal', '<', FRAMES / 2)
    .execute();
  const log = 'Fra:12 Mem:9.9M (Peak 10.8M) | Time:00:05.43 | Sample 17/64\n'.repeat(30);
  for (let from = 0; from < FRAMES / 2; from += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, i) => ({
      id: `lse_${String(from + i).padStart(16, '0')}` as LeaseId,
      chunk_id: `${stage.id}.${from + i}` as never,
      job_id: job,
      worker_id: worker,
      granted_at: from + i,
      started_at: from + i,
      ended_at: from + i + 1,
      outcome: 'done' as const,
      failure_code: null,
      failure_message: null,
      busy_ms: 1,
      log,
      result_json: '{"frame":1,"width":64,"height":36,"renderMs":5}',
      files_json: `[{"name":"frame","hash":"${'a'.repeat(64)}","size":5000,"mediaType":"image/png"}]`,
    }));
    await farm.parts.db.insertInto('leases').values(rows).execute();
  }
  await finishChunk(farm.parts, stage.id, FRAMES / 2, { result: {} });
  await timed('sweep', () => farm.parts.engine.sweep());

  const list = JobList.parse(await page('/api/v1/jobs'));
  assert.equal(list.jobs[0]?.counts.done, FRAMES / 2 + 1);
  assert.equal(list.jobs[0]?.newest, FRAMES / 2);
  const detail = JobDetail.parse(await page(`/api/v1/jobs/${job}`));
  assert.equal(detail.counts.queued, FRAMES / 2 - 1);
  const states = (await page(`/api/v1/jobs/${job}/chunks/states`)) as { states: string; numbers: number[] };
  assert.equal(states.states.length, FRAMES);
  assert.match(states.states, /^d{50001}q{49999}$/);
  assert.equal(states.numbers.at(-1), FRAMES);
  await page(`/api/v1/jobs/${job}/chunks?limit=100&offset=99900`);
  await page(`/api/v1/jobs/${job}/chunks?state=queued&limit=100`);
  await page(`/api/v1/jobs/${job}/chunks/77777`);
  await page(`/api/v1/jobs/${job}/timeline?limit=500`);
  await page(`/api/v1/jobs/${job}/log`);
  console.log(`memory: ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);

  await timed('cancel', () => cancelJob(farm.parts, farm.by, job));
  await timed('delete', () => deleteJob(farm.parts, farm.by, job));
  assert.equal((await farm.parts.db.selectFrom('chunks').select('id').limit(1).execute()).length, 0);
});

test('5,000 jobs are listed in pages, and each is found once', async () => {
  const first = await farm.addJob();
  await probed(farm.parts, first);
  assert.equal((await stateOfJob(farm.parts, first)).state, 'queued');
  await timed('5,000 jobs', () => copyJob(first, 4_999));
  await timed('sweep of 5,000 jobs', () => farm.parts.engine.sweep());
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${cursor}`;
    const response = await askedBy(farm.by, jobRoutes(farm.parts)).request(`/api/v1/jobs?limit=200${from}`);
    const list = JobList.parse(await response.json());
    assert.equal(list.total, 5_000);
    for (const job of list.jobs) seen.add(job.id);
    cursor = list.next;
  } while (cursor !== null);
  assert.equal(seen.size, 5_000);
  await page('/api/v1/jobs?limit=200');
  await page('/api/v1/jobs?state=active');
  const over = JobList.parse(await page('/api/v1/jobs?state=over'));
  assert.deepEqual(over, { jobs: [], next: null, total: 0, states: { queued: 5_000 } });
});

async function copyJob(job: string, count: number): Promise<void> {
  const { db, random } = farm.parts;
  const row = await db
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', job as never)
    .executeTakeFirstOrThrow();
  const stages = await db
    .selectFrom('stages')
    .selectAll()
    .where('job_id', '=', job as never)
    .execute();
  await db.transaction().execute(async (trx) => {
    for (let i = 0; i < count; i += 1) {
      const id = newId('job', random);
      // Many in the same millisecond: the cursor must tell them apart.
      await trx
        .insertInto('jobs')
        .values({ ...row, id, created_at: row.created_at + (i % 7) })
        .execute();
      for (const stage of stages) {
        const stageId = newId('stg', random);
        await trx
          .insertInto('stages')
          .values({ ...stage, id: stageId, job_id: id })
          .execute();
        const chunks = Array.from({ length: stage.chunk_count }, (_, ordinal) => ({
          id: `${stageId}.${ordinal}` as never,
          stage_id: stageId,
          job_id: id,
          ordinal,
          spec_json: `{"frame":${ordinal + 1}}`,
          state: stage.name === 'probe' ? ('done' as const) : ('queued' as const),
          attempts: 0,
        }));
        await trx.insertInto('chunks').values(chunks).execute();
      }
    }
  });
}
