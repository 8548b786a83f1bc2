import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import sharp from 'sharp';
import { until } from '../../../tests/support/until.ts';
import { cancelJob } from './actions.ts';
import { advance } from './advance.ts';
import { finishAssembly } from './finish-assembly.ts';
import { redoChunk } from './redo-chunk.ts';
import { finishChunk, probed, renderFrames, startTestFarm, stateOfJob } from './test-farm.fixture.ts';

test('a frame of a completed job is made once more, and the video anew; the other frames stay', async (t) => {
  const { farm, job } = await completedJob(t);
  const video = await videoOf(farm, job);
  const before = await leases(farm, job);

  assert.deepEqual(await redoChunk(farm.parts, farm.by, job, 1), { ok: true });
  assert.equal((await stateOfJob(farm.parts, job)).state, 'running');
  assert.deepEqual(await counts(farm, job), { done: 3, queued: 1 });
  assert.equal(await videoOf(farm, job), video, 'the video of before was taken away too soon');
  assert.deepEqual(await redoChunk(farm.parts, farm.by, job, 1), { ok: true }, 'asked for twice');
  await farm.parts.engine.sweep();
  assert.equal((await stateOfJob(farm.parts, job)).state, 'running', 'put together without the frame');

  await renderFrames(farm.parts, job, picture('blue'));
  await until(async () => {
    await farm.parts.engine.sweep();
    return (await stateOfJob(farm.parts, job)).state === 'completed';
  }, 'not put together anew');
  assert.notEqual(await videoOf(farm, job), video);
  const changed = (await leases(farm, job)).map((lease, index) => lease !== before[index]);
  assert.deepEqual(changed, [false, true, false, false]);
});

test('a process that dies between the two steps leaves a job that completes as it was', async (t) => {
  const { farm, job } = await completedJob(t);
  const before = await leases(farm, job);
  farm.parts.balancer.rejectChunks = () => Promise.reject(new Error('died here'));
  await assert.rejects(redoChunk(farm.parts, farm.by, job, 1), /died here/);
  assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
  await until(async () => {
    await farm.parts.engine.sweep();
    return (await stateOfJob(farm.parts, job)).state === 'completed';
  }, 'not completed again');
  assert.deepEqual(await leases(farm, job), before);
  assert.ok(await videoOf(farm, job));
});

test('a frame sent back while the video is made: what is made without it does not count', async (t) => {
  const { farm, job } = await startedJob(t);
  await renderFrames(farm.parts, job, picture('red'));
  assert.equal(await advance(farm.parts, job), 'plan');
  assert.deepEqual(await redoChunk(farm.parts, farm.by, job, 2), { ok: true });
  await farm.parts.engine.advance(job);
  // The other process of two is not told of it, and has all frames of before in its video.
  await farm.parts.db.updateTable('jobs').set({ state: 'assembling' }).where('id', '=', job).execute();
  await finishAssembly(farm.parts, job, { outcome: 'complete', artifacts: [], notes: [] });
  assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');
  await farm.parts.engine.advance(job);
  assert.equal((await stateOfJob(farm.parts, job)).state, 'running');
  assert.deepEqual(await counts(farm, job), { done: 3, queued: 1 });
});

test('what cannot be made once more is refused with the reason, and nothing changes', async (t) => {
  const { farm, job } = await completedJob(t);
  const unknown = await redoChunk(farm.parts, farm.by, job, 99);
  assert.ok(!unknown.ok && unknown.status === 404 && /no such part/.test(unknown.message));
  farm.link.up = false;
  const away = await redoChunk(farm.parts, farm.by, job, 0);
  farm.link.up = true;
  assert.ok(!away.ok && away.status === 503);
  assert.equal((await stateOfJob(farm.parts, job)).state, 'completed');

  const preparing = await farm.addJob();
  const probe = await newestStage(farm.parts.db, preparing);
  assert.ok(probe);
  await finishChunk(farm.parts, probe.id, 0, { result: {} });
  const early = await redoChunk(farm.parts, farm.by, preparing, 0);
  assert.ok(!early.ok && early.status === 409, JSON.stringify(early));

  const canceled = await farm.addJob();
  await probed(farm.parts, canceled);
  await cancelJob(farm.parts, farm.by, canceled);
  const over = await redoChunk(farm.parts, farm.by, canceled, 0);
  assert.ok(!over.ok && /Retry the job first.*canceled\./.test(over.message), JSON.stringify(over));
});

type Farm = Awaited<ReturnType<typeof startTestFarm>>;

async function startedJob(t: TestContext): Promise<{ farm: Farm; job: JobId }> {
  const farm = await startTestFarm();
  t.after(() => farm.stop());
  await farm.addWorker();
  const job = await farm.addJob();
  await probed(farm.parts, job);
  return { farm, job };
}

async function completedJob(t: TestContext): Promise<{ farm: Farm; job: JobId }> {
  const { farm, job } = await startedJob(t);
  await renderFrames(farm.parts, job, picture('red'));
  await until(async () => {
    await farm.parts.engine.sweep();
    return (await stateOfJob(farm.parts, job)).state === 'completed';
  }, 'not completed');
  return { farm, job };
}

async function videoOf(farm: Farm, job: JobId): Promise<string | undefined> {
  return (await listArtifacts(farm.parts.db, job)).find((one) => one.name.endsWith('.mp4'))?.hash;
}

async function counts(farm: Farm, job: JobId) {
  const stage = await newestStage(farm.parts.db, job);
  assert.ok(stage);
  return (await countChunks(farm.parts.db, [stage.id])).get(stage.id);
}

async function leases(farm: Farm, job: JobId) {
  const stage = await newestStage(farm.parts.db, job);
  assert.ok(stage);
  const rows = await farm.parts.db
    .selectFrom('chunks')
    .select('accepted_lease_id')
    .where('stage_id', '=', stage.id)
    .orderBy('ordinal')
    .execute();
  return rows.map((row) => row.accepted_lease_id);
}

const picture = (background: string) => async () => {
  const image = sharp({ create: { width: 64, height: 36, channels: 3, background } });
  return { bytes: await image.png().toBuffer(), width: 64, height: 36, mediaType: 'image/png' };
};
