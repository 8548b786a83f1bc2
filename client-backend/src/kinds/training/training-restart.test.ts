import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { until } from '../../../../tests/support/until.ts';
import { openStage, startTestFarm, stateOfJob, type TestFarm } from '../../jobs/test-farm.fixture.ts';
import { addTraining, deliver, inFirstRound, settled, TRAINER } from './training.fixture.ts';

test('a backend that is stopped in every stage, in its stage task and while it waits, carries on from its rows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-restart-'));
  let farm = await startTestFarm({ dataFolder: folder });
  const restart = async (): Promise<TestFarm> => {
    await farm.stop();
    return startTestFarm({ dataFolder: folder });
  };
  try {
    await farm.addWorker(TRAINER);
    const settings = { shards: 2, rounds: 2, merge: 'outer' as const };
    const data = Buffer.from(Array.from({ length: 20_000 }, (_, row) => `${row},${row % 2}\n`).join(''));
    const job: JobId = await addTraining(farm.parts, { data, settings });
    const seen: string[] = [];
    for (let stage = await openStage(farm.parts, job); ; stage = await openStage(farm.parts, job)) {
      seen.push(stage.name);
      farm = await restart();
      assert.equal((await openStage(farm.parts, job)).id, stage.id, 'a restart alone planned something');
      for (let ordinal = 0; ordinal < stage.count; ordinal += 1) await deliver(farm.parts, job, ordinal);
      const engine = farm.parts.engine;
      await engine.advance(job);
      // Stopped in the middle of the task that was just begun.
      farm = await restart();
      const next = await settled(farm.parts, job, stage.id);
      if (next === 'completed') break;
    }
    assert.deepEqual(seen, ['split', 'initialize', 'train', 'merge', 'train', 'merge', 'evaluate']);
    assert.equal((await stagesOf(farm.parts.db, job)).length, 7, 'a stage was planned twice');
    assert.equal((await stateOfJob(farm.parts, job)).state, 'completed');
    await until(() => farm.parts.engine.backgroundTasks.running().length === 0, 'a task is left');
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test('what was found odd before a restart is known after it: made again alike, it counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-restart-'));
  let farm = await startTestFarm({ dataFolder: folder });
  try {
    await farm.addWorker(TRAINER);
    const job = await inFirstRound(farm.parts, { settings: { shards: 3, rounds: 1 } });
    const stage = await openStage(farm.parts, job);
    await deliver(farm.parts, job, 0, { weights: [1, 2.1] });
    await deliver(farm.parts, job, 1, { weights: [1, 1_000] });
    await deliver(farm.parts, job, 2, { weights: [1, 2.2] });
    const isQueued = async () =>
      (await countChunks(farm.parts.db, [stage.id])).get(stage.id)?.queued === 1 || null;
    await until(async () => {
      await farm.parts.engine.advance(job);
      return isQueued();
    }, 'it is not made again');
    await farm.stop();
    farm = await startTestFarm({ dataFolder: folder });
    await deliver(farm.parts, job, 1, { weights: [1, 1_001] });
    let again = 0;
    const { rejectChunks } = farm.parts.balancer;
    farm.parts.balancer.rejectChunks = (request) => {
      again += request.chunks.length;
      return rejectChunks(request);
    };
    await until(async () => {
      await farm.parts.engine.advance(job);
      return again > 0 || (await openStage(farm.parts, job)).id !== stage.id;
    }, 'the stage does not end');
    assert.equal(again, 0, 'made a third time, because it was forgotten that it was made again');
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
