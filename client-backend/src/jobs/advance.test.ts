import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { MAIN_STAGES } from '@parallel-pilot/shared/kinds/registry.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { changeJobState, findJob, jobsDue } from '@parallel-pilot/shared/server/db/jobs.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { type MariaDb, startMariaDb } from '../../../tests/support/mariadb.ts';
import { until } from '../../../tests/support/until.ts';
import { cancelJob, giveSettings, pauseJob, resumeJob, retryJob } from './actions.ts';
import { advance } from './advance.ts';
import {
  BLENDER,
  failChunk,
  finishChunk,
  openStage,
  PROBE,
  probed,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from './test-farm.fixture.ts';

const frame = (number: number) => ({ frame: number, width: 64, height: 36, renderMs: 1 });

for (const database of ['SQLite', 'MariaDB'] as const) {
  describe(`jobs on ${database}`, () => {
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

    test('a settled probe is planned once, however many look at it at the same time', async () => {
      const job = await farm.addJob();
      const probe = await openStage(farm.parts, job);
      assert.deepEqual([probe.name, probe.count], ['probe', 1]);
      assert.equal(await advance(farm.parts, job), 'nothing');

      await finishChunk(farm.parts, probe.id, 0, { result: PROBE });
      assert.deepEqual(await jobsDue(farm.parts.db, MAIN_STAGES), [job]);
      const did = await Promise.allSettled([1, 2, 3].map(() => advance(farm.parts, job)));
      const planned = did.filter((one) => one.status === 'fulfilled' && one.value === 'plan');
      assert.equal(planned.length, 1, JSON.stringify(did));

      const stages = await stagesOf(farm.parts.db, job);
      assert.deepEqual(
        stages.map(({ name, state, chunk_count }) => [name, state, chunk_count]),
        [
          ['probe', 'closed', 1],
          ['render', 'open', 4],
        ],
      );
      const row = await stateOfJob(farm.parts, job);
      assert.equal(row.state, 'queued');
      assert.equal(JSON.parse(row.settings_json ?? '{}').frames, '1-4');
      assert.ok(farm.told.has(job));
      assert.deepEqual(await jobsDue(farm.parts.db, MAIN_STAGES), []);
    });

    test('from the first chunk to the settled stage: running, then put together', async () => {
      const job = await farm.addJob();
      await probed(farm.parts, job);
      const stage = await openStage(farm.parts, job);
      await finishChunk(farm.parts, stage.id, 0, { result: frame(1) });
      assert.deepEqual(await jobsDue(farm.parts.db, MAIN_STAGES), [job]);
      assert.equal(await advance(farm.parts, job), 'start');
      assert.equal((await stateOfJob(farm.parts, job)).state, 'running');
      for (const ordinal of [1, 2, 3])
        await finishChunk(farm.parts, stage.id, ordinal, { result: frame(ordinal + 1) });
      assert.equal(await advance(farm.parts, job), 'plan');
      assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
      assert.equal(await advance(farm.parts, job), 'assemble');
      await cancelJob(farm.parts, farm.by, job);
    });

    test('a scene at a path of 1,024 characters is planned as any other', async () => {
      const path = `${'long folder name '.repeat(10).trim()}/`.repeat(5).padEnd(1_018, 'x').concat('.blend');
      assert.equal(path.length, 1_024);
      const files = [{ path, hash: 'a'.repeat(64), size: 1 }] as BlenderSpec['files'];
      const job = await farm.addJob({ main: path as BlenderSpec['main'], files });
      await probed(farm.parts, job);
      assert.equal((await openStage(farm.parts, job)).name, 'render');
      await cancelJob(farm.parts, farm.by, job);
    });

    test('a paused job does not advance until it is resumed', async () => {
      const job = await farm.addJob();
      const probe = await openStage(farm.parts, job);
      assert.deepEqual(await pauseJob(farm.parts, farm.by, job), { ok: true });
      await finishChunk(farm.parts, probe.id, 0, { result: PROBE });
      assert.equal(await advance(farm.parts, job), 'nothing');
      const again = await pauseJob(farm.parts, farm.by, job);
      assert.ok(!again.ok && again.status === 409);
      assert.match(again.message, /Only a job that is being worked on can be paused; this one is paused\./);
      assert.deepEqual(await resumeJob(farm.parts, farm.by, job), { ok: true });
      await until(async () => (await stateOfJob(farm.parts, job)).state === 'queued', 'not planned');
      await cancelJob(farm.parts, farm.by, job);
    });

    test('with review the job waits; bad settings are refused with the reason and it keeps waiting', async () => {
      const job = await farm.addJob({ review: true });
      await probed(farm.parts, job);
      assert.equal((await stateOfJob(farm.parts, job)).state, 'ready');
      const unknown = await giveSettings(farm.parts, farm.by, job, { camera: 'Nope' });
      assert.ok(!unknown.ok && unknown.status === 422);
      assert.match(unknown.message, /no camera "Nope"/);
      const frames = await giveSettings(farm.parts, farm.by, job, { frames: '1-5,,7' });
      assert.ok(!frames.ok && frames.code === 'bad-frames', JSON.stringify(frames));
      assert.equal((await stateOfJob(farm.parts, job)).state, 'ready');
      assert.deepEqual(await giveSettings(farm.parts, farm.by, job, { frames: '8-2x2' }), { ok: true });
      assert.equal((await stateOfJob(farm.parts, job)).state, 'queued');
      assert.deepEqual((await openStage(farm.parts, job)).count, 4);
      const late = await giveSettings(farm.parts, farm.by, job, {});
      assert.ok(!late.ok && late.status === 409);
      await cancelJob(farm.parts, farm.by, job);
    });

    test('frames that failed for good: the others are finished, the job says which, and a retry makes only those', async () => {
      const job = await farm.addJob();
      await probed(farm.parts, job);
      const stage = await openStage(farm.parts, job);
      await failChunk(farm.parts, stage.id, 1, 'blender/died', 'Blender stopped.');
      assert.equal(await advance(farm.parts, job), 'start');
      for (const ordinal of [0, 2, 3])
        await finishChunk(farm.parts, stage.id, ordinal, { result: frame(ordinal + 1) });
      await farm.parts.engine.advance(job);
      const failed = await stateOfJob(farm.parts, job);
      assert.equal(failed.state_code, 'frames-missing');
      assert.match(failed.state_message ?? '', /^1 of 4 frames could not be rendered: 2\. Blender stopped\./);

      farm.link.up = false;
      const away = await retryJob(farm.parts, farm.by, job);
      farm.link.up = true;
      assert.ok(!away.ok && away.status === 503);
      assert.equal((await stateOfJob(farm.parts, job)).state, 'failed');

      assert.deepEqual(await retryJob(farm.parts, farm.by, job), { ok: true });
      await until(async () => (await stateOfJob(farm.parts, job)).state === 'running', 'not at work again');
      const kept = await doneChunk(farm.parts.db, stage.id, 0);
      assert.notEqual(kept, undefined);
      await cancelJob(farm.parts, farm.by, job);
    });

    test('a job that stops on failure ends with the first one', async () => {
      const job = await farm.addJob({ onFailure: 'stop' });
      await probed(farm.parts, job);
      await failChunk(
        farm.parts,
        (await openStage(farm.parts, job)).id,
        2,
        'blender/no-camera',
        'No camera.',
      );
      assert.deepEqual(await jobsDue(farm.parts.db, MAIN_STAGES), [job]);
      await farm.parts.engine.advance(job);
      assert.equal((await stateOfJob(farm.parts, job)).state, 'failed');
    });

    test('a job that failed while it was planned is planned anew by a retry', async () => {
      const job = await farm.addJob({ settings: { scene: 'Other' } });
      await probed(farm.parts, job);
      assert.equal((await stateOfJob(farm.parts, job)).state_code, 'unknown-scene');
      assert.deepEqual(await retryJob(farm.parts, farm.by, job), { ok: true });
      await until(async () => (await stateOfJob(farm.parts, job)).state === 'failed', 'no answer');
    });

    // A file does not go away.
    if (database === 'MariaDB')
      test('a database that goes away for a while costs nothing but the while', async () => {
        assert.ok(server);
        const job = await farm.addJob();
        await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: PROBE });
        const lines: string[] = [];
        farm.parts.log.error = ((line: { event: string }) => lines.push(line.event)) as never;
        server.kill();
        await until(async () => {
          await farm.parts.engine.sweep();
          return lines.length > 0;
        }, 'nobody noticed');
        await farm.parts.engine.sweep();
        assert.deepEqual(lines, ['jobs.sweep-failed'], 'said once for each spell');
        await server.restart();
        await until(async () => {
          await farm.parts.engine.sweep();
          return (await stateOfJob(farm.parts, job)).state === 'queued';
        }, 'not planned when the database was back');
        await cancelJob(farm.parts, farm.by, job);
      });

    test('a change that was overtaken by another writes nothing', async () => {
      const job = await farm.addJob();
      const change = { from: { status: 'running' }, to: { status: 'assembling' }, now: 5 } as const;
      assert.equal(await changeJobState(farm.parts.db, job, change), false);
      assert.equal((await findJob(farm.parts.db, job))?.state, 'preparing');
      await cancelJob(farm.parts, farm.by, job);
    });
  });
}

test('no worker can open the file: the job fails with both versions named; with no worker at all it says what it waits for', async () => {
  let now = Date.now();
  const farm = await startTestFarm();
  farm.parts.clock = () => now;
  try {
    const newer = await farm.addJob({ fileVersion: '4.2' });
    const { sweep } = farm.parts.engine;
    await sweep();
    now += 11_000;
    await sweep();
    const notes = await listNotes(farm.parts.db, newer);
    assert.match(notes[0]?.message ?? '', /^No worker is connected\./);
    assert.equal((await stateOfJob(farm.parts, newer)).state, 'preparing');

    await farm.addWorker({ ...BLENDER, 'blender.version': '3.4.1' });
    now += 5_000;
    await sweep();
    const failed = await stateOfJob(farm.parts, newer);
    assert.equal(failed.state_code, 'blender-too-old');
    assert.match(failed.state_message ?? '', /Blender 4\.2.*3\.4\.1/);
    assert.deepEqual(await listNotes(farm.parts.db, newer), []);
  } finally {
    await farm.stop();
  }
});
