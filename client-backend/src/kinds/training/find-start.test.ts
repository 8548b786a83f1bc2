import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { InitializeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { Start } from '@parallel-pilot/shared/kinds/training/start.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { submit } from '../../jobs/submit.ts';
import {
  asFirst,
  openStage,
  startTestFarm,
  storeBytes,
  type TestFarm,
} from '../../jobs/test-farm.fixture.ts';
import { findStart } from './find-start.ts';
import { addTraining, DATA, deliverAll, inFirstRound, SCRIPT, settled, TRAINER } from './training.fixture.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker(TRAINER);
});
after(() => farm.stop());

const find = async (from: Start) => findStart(farm.parts, farm.by.team, from);

test('a training starts from the model of a round of another: the best, the last, or one by its number', async () => {
  const { parts } = farm;
  const job = await inFirstRound(parts, { settings: { shards: 1, rounds: 4 } });
  const early = await find({ job, round: 'best', fitting: false });
  assert.match(early.ok ? '' : early.message, /has no model to start from yet/);
  for (const [index, accuracy] of [0.5, 0.9, 0.7].entries()) {
    await deliverAll(parts, job);
    await deliverAll(parts, job, { weights: [index, 40], metrics: { accuracy } });
  }
  const rounds = await Promise.all(
    (['best', 'last', 1, 4] as const).map(async (round) => {
      const found = await find({ job, round, fitting: true });
      return found.ok ? [found.start.of?.round, found.start.fileName, found.start.fitting] : found.message;
    }),
  );
  assert.deepEqual(rounds.slice(0, 3), [
    [2, 'digits-round-2.npz', true],
    [3, 'digits-round-3.npz', true],
    [1, 'digits-round-1.npz', true],
  ]);
  assert.match(String(rounds[3]), /has no model of round 4: the round is not merged yet/);
});

test('what another team has is as unknown as what never was', async () => {
  const job = await addTraining(farm.parts);
  const other = await findStart(farm.parts, 'team_00000000000000000000' as never, {
    job,
    round: 'best',
    fitting: false,
  });
  const never = await find({ job: 'job_00000000000000000000' as never, round: 'best', fitting: false });
  assert.match(other.ok ? '' : other.message, /^There is no training job_\w+ to start from\.$/);
  assert.match(never.ok ? '' : never.message, /^There is no training job_0+ to start from\.$/);
});

test('an uploaded file is taken by its ending, and a .pt needs a worker with torch', async () => {
  const { hash: blob } = await storeBytes(farm.parts, Buffer.from('weights'), 'application/octet-stream');
  const of = async (fileName: string) => {
    const found = await find({ blob, fileName, fitting: false });
    return found.ok ? found.modules : found.message;
  };
  assert.deepEqual(await of('a.npz'), []);
  assert.deepEqual(await of('a.safetensors'), []);
  assert.deepEqual([await of('a.PT'), await of('a.pth')], [['torch'], ['torch']]);
  assert.match(String(await of('a.onnx')), /^A training cannot start from "a\.onnx"/);
  const none = await find({ blob: 'f'.repeat(64) as never, fileName: 'a.npz', fitting: false });
  assert.match(none.ok ? '' : none.message, /is not on the farm \(any more\)/);
});

test('the weights stay with the job that starts from them, though the other is deleted', async () => {
  const { parts } = farm;
  const before = await inFirstRound(parts, { settings: { shards: 1, rounds: 2 } });
  await deliverAll(parts, before);
  await deliverAll(parts, before, { weights: [3, 4], metrics: { accuracy: 1 } });
  const script = await storeBytes(parts, Buffer.from(SCRIPT), 'text/x-python');
  const data = await storeBytes(parts, DATA, 'text/csv');
  const taken = await submit(parts, asFirst(parts), {
    kind: 'training',
    script: { blob: script.hash, fileName: 'digits.py' },
    data: { blob: data.hash, fileName: 'digits.csv' },
    code: null,
    moreData: [],
    localData: null,
    test: null,
    requirements: null,
    wheels: null,
    python: null,
    from: { job: before, round: 'best', fitting: false },
    settings: { shards: 1 } as never,
    priority: 0,
  });
  assert.ok(taken.ok, JSON.stringify(taken));
  const { from } = TrainingSpec.parse(JSON.parse((await findJob(parts.db, taken.job))?.spec_json ?? ''));
  assert.deepEqual(from?.of, { job: before, round: 1 });
  const kept = await parts.db
    .selectFrom('job_blobs')
    .select('hash')
    .where('job_id', '=', taken.job)
    .execute();
  assert.ok(kept.some(({ hash }) => hash === from?.blob));
  await settled(parts, taken.job, (await openStage(parts, taken.job)).id);
  const stage = await newestStage(parts.db, taken.job);
  const { start } = InitializeSpec.parse(JSON.parse(stage?.spec_json ?? ''));
  assert.deepEqual(start, { path: 'start.npz', fileName: 'digits-round-1.npz', fitting: false });
});
