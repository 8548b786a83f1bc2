import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import type { KyselyPlugin } from 'kysely';
import { until } from '../../../tests/support/until.ts';
import { openStage, probed, startTestFarm, type TestFarm } from '../jobs/test-farm.fixture.ts';
import { createJobFeed } from './job-feed.ts';

let farm: TestFarm;
let job: JobId;
let stage: StageId;
let worker: WorkerId;

before(async () => {
  farm = await startTestFarm();
  worker = await farm.addWorker();
  job = await farm.addJob({ settings: { frames: '1-4' } });
  await probed(farm.parts, job);
  stage = (await openStage(farm.parts, job)).id;
});
after(() => farm.stop());

const patchOf = (more: Partial<StagePatch>): StagePatch =>
  StagePatch.parse({ job, stage, changes: [], progress: [], settled: false, ...more });
const progress = (ordinal: number, fraction: number) => ({ worker, ordinal, fraction, detail: 'Step' });

test('measured values are passed on unread', async () => {
  const sent: JobPatch[] = [];
  const feed = createJobFeed(farm.parts.db, job, (patch) => sent.push(JobPatch.parse(patch)));
  const values = { loss: 0.31, accuracy: 0.9 };
  feed.patch(patchOf({ progress: [{ ...progress(0, 0.5), values }, progress(1, 0.25)] }));
  const first = await until(() => sent[0], 'nothing was told');
  assert.deepEqual(
    first.progress.map((one) => one.values),
    [values, undefined],
  );
  feed.close();
});

test('who made a chunk is told by name, though nothing was heard of its progress', async () => {
  const sent: JobPatch[] = [];
  const feed = createJobFeed(farm.parts.db, job, (patch) => sent.push(JobPatch.parse(patch)));
  feed.patch(patchOf({ changes: [{ ordinal: 3, status: 'done', worker }] }));
  const { names } = await until(() => sent[0], 'nothing was told');
  assert.match(names?.[worker] ?? '', /^worker /);
  feed.close();
});

test('no progress is told after the end of its chunk, however slowly the names were read', async () => {
  const gate = Promise.withResolvers<void>();
  const slow: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: ({ result }) => gate.promise.then(() => result),
  };
  const sent: JobPatch[] = [];
  const feed = createJobFeed(farm.parts.db.withPlugin(slow), job, (patch) =>
    sent.push(JobPatch.parse(patch)),
  );
  feed.patch(patchOf({ progress: [progress(2, 0.9)] }));
  feed.patch(patchOf({ changes: [{ ordinal: 2, status: 'done', worker }] }));
  feed.patch(patchOf({ progress: [progress(2, 0.95)] }));
  // Twice the time between two patches, so that the second would have overtaken the first.
  await new Promise((resolve) => setTimeout(resolve, 250));
  gate.resolve();
  await until(() => sent.some((patch) => patch.chunks[0]?.status === 'done'), 'the end was not told');
  assert.deepEqual(
    sent.map((patch) => [patch.progress.map((one) => one.fraction), patch.chunks.map((one) => one.status)]),
    [
      [[0.9], []],
      [[], ['done']],
    ],
  );
  feed.close();
});
