import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import sharp from 'sharp';
import { type Part, part } from '../../../tests/support/farm.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { until } from '../../../tests/support/until.ts';
import { addTraining, deliver, TRAINER } from '../kinds/training/training.fixture.ts';
import {
  finishChunk,
  openStage,
  PROBE,
  renderFrames,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from './test-farm.fixture.ts';

const SIZE = { width: 64, height: 36 };

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`two backends on one database, on ${column}`, () => {
    let folder: string;
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    /** Writes what workers and balancer would; it works on nothing by itself. */
    let written: TestFarm;
    let backends: [Part, Part];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pilot-two-'));
      database = await startDatabase();
      const databaseUrl = database?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`;
      written = await startTestFarm({ dataFolder: folder, databaseUrl });
      await written.addWorker();
      await written.addWorker(TRAINER);
      const slow = new URL('../../../tests/security/fixtures/deadly-blobs.ts', import.meta.url);
      const backend = (name: string) =>
        part(name, 'client-backend/src/main.ts', join(folder, 'logs'), {
          PILOT_DATA: folder,
          DATABASE_URL: databaseUrl,
          PILOT_PORT: '0',
          PILOT_BALANCER_PORT: '9',
          PILOT_LOG: 'info',
          NODE_OPTIONS: `--import ${slow}`,
        });
      backends = [backend('one'), backend('other')];
    });
    afterEach(() => Promise.all(backends.map((backend) => backend.end('SIGKILL'))));
    after(async () => {
      await written?.stop();
      await database?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** A job whose look into its file is over. */
    async function looked(): Promise<JobId> {
      const job = await written.addJob({ settings: { frames: '1-2', video: 'none' } });
      await finishChunk(written.parts, (await openStage(written.parts, job)).id, 0, { result: PROBE });
      return job;
    }
    const picture = async (noise: { type: 'gaussian'; mean: number; sigma: number } | undefined) => {
      const create = { ...SIZE, channels: 3, background: 'blue', ...(noise && { noise }) } as const;
      return { bytes: await sharp({ create }).png().toBuffer(), ...SIZE, mediaType: 'image/png' };
    };
    /** Delivers frames of which no two are equal. */
    const deliverEach = (job: JobId) =>
      renderFrames(written.parts, job, () => picture({ type: 'gaussian', mean: 128, sigma: 60 }));
    /** Delivers one and the same picture for each frame; gives its hash. */
    async function deliverAlike(job: JobId): Promise<BlobHash> {
      const { bytes, ...of } = await picture(undefined);
      await renderFrames(written.parts, job, async () => ({ bytes, ...of }));
      return createHash('sha256').update(bytes).digest('hex') as BlobHash;
    }
    const stateOf = async (job: JobId) => (await stateOfJob(written.parts, job)).state;
    const completed = (job: JobId) =>
      until(async () => (await stateOf(job)) === 'completed', 'not completed', 60_000);
    const task = (job: JobId) =>
      written.parts.db
        .selectFrom('background_tasks')
        .selectAll()
        .where('job_id', '=', job)
        .executeTakeFirst();
    const lines = async (): Promise<{ event?: string; job?: JobId; of?: number; step?: string }[]> => {
      const texts = await Promise.all(backends.map((backend) => backend.log()));
      return texts
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
    };
    /** What was done for a job, by whichever backend, in any order. */
    const deedsFor = async (job: JobId): Promise<string[]> =>
      (await lines())
        .filter((line) => line.job === job)
        .flatMap(({ event, step, of }) =>
          event === 'job.step' ? [`plan ${step}`] : event === 'task.begun' ? [`work on stage ${of}`] : [],
        )
        .toSorted();

    test('what is due at once is planned, split, checked and put together once', async () => {
      const jobs: JobId[] = [];
      for (let count = 0; count < 8; count += 1) jobs.push(await looked());
      const trainings: JobId[] = [];
      for (let count = 0; count < 4; count += 1)
        trainings.push(await addTraining(written.parts, { settings: { shards: 2, rounds: 1 } }));
      await Promise.all(backends.map((backend) => backend.start()));
      for (const job of trainings) {
        const at = async () => (await openStage(written.parts, job)).name;
        await until(async () => (await at()) === 'initialize', 'not split');
        await deliver(written.parts, job);
      }
      for (const job of jobs) {
        await until(async () => (await openStage(written.parts, job)).name === 'render', 'not planned');
        await deliverEach(job);
      }
      for (const job of jobs) await completed(job);
      const failures = async () => (await lines()).filter(({ event }) => event?.endsWith('-failed'));
      for (const job of trainings) {
        await until(async () => (await openStage(written.parts, job)).name === 'train', 'not checked');
        // First: what failed is done again.
        assert.deepEqual(await failures(), []);
        assert.deepEqual(await deedsFor(job), [
          'plan stage',
          'plan stage',
          'work on stage 0',
          'work on stage 1',
        ]);
      }
      for (const job of jobs) {
        assert.deepEqual(await deedsFor(job), ['plan assemble', 'plan stage', 'work on stage 1']);
        assert.equal((await stagesOf(written.parts.db, job)).length, 2);
      }
      assert.deepEqual(await failures(), []);
      assert.deepEqual(await written.parts.db.selectFrom('background_tasks').selectAll().execute(), []);
    });

    test('one that comes takes nothing that the other is at; when that one dies it does', async () => {
      const [one, other] = backends;
      const both = [await looked(), await looked()];
      // Both of its turns are taken by a picture on which it stands still.
      const frames: BlobHash[] = [];
      for (const job of both) {
        await written.parts.engine.advance(job);
        frames.push(await deliverAlike(job));
      }
      await one.start({ PILOT_TEST_SLOW: frames[0] ?? '' });
      const has = async (job: JobId) => (await task(job))?.process;
      for (const job of both) await until(() => has(job), 'it is not at it');
      const before = await Promise.all(both.map(has));
      await other.start();
      const third = await looked();
      await until(async () => (await openStage(written.parts, third)).name === 'render', 'not planned');
      await deliverEach(third);
      await completed(third);
      for (const [index, job] of both.entries()) {
        assert.equal(await has(job), before[index], 'it was taken from the one at work');
        assert.equal((await task(job))?.deaths, 0, 'a process that lives was counted as dead');
      }
      await one.end('SIGKILL');
      for (const job of both) {
        await completed(job);
        assert.deepEqual(await listNotes(written.parts.db, job), []);
      }
    });
  });
}

/** A job whose frames are all rendered, on a farm of which nothing else runs. */
async function assembling(farm: TestFarm): Promise<JobId> {
  await farm.addWorker();
  const job = await farm.addJob({ settings: { frames: '1-2', video: 'none' } });
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: PROBE });
  await farm.parts.engine.advance(job);
  const create = { ...SIZE, channels: 3, background: 'red' } as const;
  const picture = { bytes: await sharp({ create }).png().toBuffer(), ...SIZE, mediaType: 'image/png' };
  await renderFrames(farm.parts, job, async () => picture);
  return job;
}

test('a backend that stood still for longer than its lease makes nothing true of what it was at', async () => {
  const farm = await startTestFarm();
  try {
    const job = await assembling(farm);
    const { sandbox } = farm.parts;
    const [asked, still] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    farm.parts.sandbox = async () => {
      asked.resolve();
      await still.promise;
      return sandbox();
    };
    await farm.parts.engine.advance(job);
    await asked.promise;
    const other = { process: 'elsewhere:1:2:3', expires_at: Date.now() + 600_000 };
    await farm.parts.db.updateTable('background_tasks').set(other).where('job_id', '=', job).execute();
    still.resolve();
    await until(() => farm.parts.engine.backgroundTasks.running().length === 0, 'it does not end');
    assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
    const { process } = await farm.parts.db
      .selectFrom('background_tasks')
      .selectAll()
      .executeTakeFirstOrThrow();
    assert.equal(process, other.process);
  } finally {
    await farm.stop();
  }
});

test('what a backend on another machine is at is left to it until its lease is over', async () => {
  const farm = await startTestFarm();
  let now = Date.now();
  farm.parts.clock = () => now;
  try {
    const job = await assembling(farm);
    const elsewhere = { job_id: job, process: 'elsewhere:1:2:3', started_at: now, expires_at: now + 30_000 };
    await farm.parts.db.insertInto('background_tasks').values(elsewhere).execute();
    const idle = () => farm.parts.engine.backgroundTasks.running().length === 0;
    for (const seconds of [0, 15, 29]) {
      now = elsewhere.started_at + seconds * 1_000;
      await farm.parts.engine.sweep();
      await until(idle, 'it is at something');
      assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
    }
    now = elsewhere.expires_at + 3_000;
    await until(async () => {
      await farm.parts.engine.sweep();
      return (await stateOfJob(farm.parts, job)).state === 'completed';
    }, 'nobody went on with it');
  } finally {
    await farm.stop();
  }
});
