import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import sharp from 'sharp';
import {
  probed,
  renderFrames,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from '../../client-backend/src/jobs/test-farm.fixture.ts';
import { api } from '../support/api.ts';
import { freePort, type Part, part } from '../support/farm.ts';
import { hashOf } from '../support/hostile-worker.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { until } from '../support/until.ts';

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`a backend that dies of a job, on ${column}`, () => {
    let folder: string;
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    /** Writes what workers and balancer would; it works on nothing by itself. */
    let written: TestFarm;
    let backend: Part;
    let url: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pilot-resume-'));
      database = await startDatabase();
      const databaseUrl = database?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`;
      written = await startTestFarm({ dataFolder: folder, databaseUrl });
      await written.addWorker();
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const env = {
        PILOT_DATA: folder,
        DATABASE_URL: databaseUrl,
        PILOT_PORT: String(port),
        NODE_OPTIONS: `--import ${new URL('fixtures/deadly-blobs.ts', import.meta.url)}`,
      };
      backend = part('client-backend', 'client-backend/src/main.ts', join(folder, 'logs'), env);
    });
    afterEach(() => backend?.end('SIGKILL'));
    after(async () => {
      await written?.stop();
      await database?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** A job whose frames are all rendered, with its first one's hash. */
    async function rendered(): Promise<{ id: JobId; frame: string }> {
      const id = await written.addJob({ settings: { frames: '1-2', video: 'none' } });
      await probed(written.parts, id);
      const hashes: string[] = [];
      await renderFrames(written.parts, id, async () => {
        const grain = { type: 'gaussian', mean: randomBytes(1)[0] ?? 0, sigma: 60 } as const;
        const create = { width: 64, height: 36, channels: 3, background: 'red', noise: grain } as const;
        const bytes = await sharp({ create }).png().toBuffer();
        hashes.push(hashOf(bytes));
        return { bytes, width: 64, height: 36, mediaType: 'image/png' };
      });
      return { id, frame: hashes[0] ?? '' };
    }
    const start = (given: { deadly?: string; slow?: string } = {}) =>
      backend.start({
        ...(given.deadly === undefined ? {} : { PILOT_TEST_DEADLY: given.deadly }),
        ...(given.slow === undefined ? {} : { PILOT_TEST_SLOW: given.slow }),
      });
    const died = () => until(() => !backend.running(), 'the backend did not die of it');
    /** Stops it in order, though what it stands at does not end: impatient people press Ctrl-C twice. */
    const stop = async () => {
      process.kill(backend.pid() ?? 0, 'SIGTERM');
      await until(async () => !(await underWay()), 'it still says that it is at work');
      await backend.end('SIGTERM');
    };
    const stateOf = async (id: JobId) => (await stateOfJob(written.parts, id)).state;
    const task = (id: JobId) =>
      written.parts.db.selectFrom('background_tasks').selectAll().where('job_id', '=', id).executeTakeFirst();
    /** All of these, or anything at all. */
    const underWay = async (...ids: JobId[]) => {
      const { db } = written.parts;
      const rows = await db
        .selectFrom('background_tasks')
        .select('job_id')
        .where('process', 'is not', null)
        .execute();
      return ids.length === 0 ? rows.length > 0 : ids.every((id) => rows.some((row) => row.job_id === id));
    };

    test('the job that kills it is set aside after the second time, and those beside it are not', async () => {
      const [culprit, beside, later] = [await rendered(), await rendered(), await rendered()];
      await start({ deadly: culprit.frame, slow: beside.frame });
      await died();
      assert.ok(await underWay(culprit.id, beside.id), 'the two were not under way together');
      assert.equal(await stateOf(culprit.id), 'assembling', 'one death convicts nobody');

      await start({ deadly: culprit.frame });
      await died();
      assert.equal(await underWay(culprit.id), true);
      const begun = (await task(culprit.id))?.started_at ?? 0;
      for (const { id } of [beside, later]) {
        assert.equal(await underWay(id), false, 'it had company when it died the second time');
        const { finished_at } = await stateOfJob(written.parts, id);
        assert.ok(finished_at === null || finished_at <= begun, 'it had company the second time');
      }

      await start({ deadly: culprit.frame });
      const { reaches, json, job } = api(url);
      const aside = await reaches(culprit.id, 'failed');
      assert.equal(aside.problem?.code, 'set-aside');
      assert.match(aside.problem?.message ?? '', /ended twice .*set aside.*"Retry" tries again/s);
      assert.ok(aside.notes.some((note) => note.code === 'set-aside' && note.level === 'error'));
      for (const { id } of [beside, later]) await reaches(id, 'completed');

      await json('POST', `/jobs/${culprit.id}/retry`);
      await died();
      await start({ deadly: culprit.frame });
      assert.equal((await reaches(culprit.id, 'failed')).problem?.code, 'set-aside', 'a retry is one try');
      const fourth = await rendered();
      await reaches(fourth.id, 'completed');

      await backend.end('SIGTERM');
      await start();
      await json('POST', `/jobs/${culprit.id}/retry`);
      await reaches(culprit.id, 'completed');
      assert.equal((await job(beside.id)).state, 'completed');
      assert.deepEqual(await written.parts.db.selectFrom('background_tasks').selectAll().execute(), []);
      await backend.end('SIGTERM');
    });

    test('a job under suspicion that waits for its turn is canceled at once', async () => {
      const [first, second] = [await rendered(), await rendered()];
      await start({ slow: first.frame });
      await until(() => underWay(first.id, second.id), 'they were not put together side by side');
      await backend.end('SIGKILL');
      await start({ slow: first.frame });
      await until(() => underWay(first.id), 'the first was not tried again');
      const { json, job, reaches } = api(url);
      await json('POST', `/jobs/${second.id}/cancel`);
      assert.equal((await job(second.id)).state, 'canceled');
      await json('POST', `/jobs/${first.id}/cancel`);
      assert.equal((await job(first.id)).state, 'canceled');
      await stop();
      await start();
      await json('POST', `/jobs/${first.id}/retry`);
      await reaches(first.id, 'completed');
      await backend.end('SIGTERM');
    });

    test('a backend that is told to stop does not die of what it was at', async () => {
      const { id, frame } = await rendered();
      for (const time of ['first', 'second', 'third']) {
        await start({ slow: frame });
        await until(() => underWay(id), `it was not put together the ${time} time`);
        await stop();
        assert.equal(await task(id), undefined, time);
      }
      await start();
      await api(url).reaches(id, 'completed');
      await backend.end('SIGTERM');
    });
  });
}
