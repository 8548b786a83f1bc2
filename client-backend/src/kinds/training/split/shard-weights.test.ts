import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { startTestFarm } from '../../../jobs/test-farm.fixture.ts';
import { deliver, inFirstRound, TRAINER } from '../training.fixture.ts';
import { shardWeights, weightsFrom } from './shard-weights.ts';

const id = (name: string) => name as WorkerId;

test('shards are as large as the speeds of the workers they are for, the largest first', () => {
  const speeds = new Map([
    [id('slow'), 10],
    [id('fast'), 40],
    [id('away'), 1_000],
  ]);
  const workers = ['slow', 'fast', 'new'].map(id);
  assert.deepEqual(weightsFrom(speeds, workers, 3), [40, 25, 10]);
  assert.deepEqual(weightsFrom(speeds, workers, 2), [40, 25]);
  assert.deepEqual(weightsFrom(speeds, workers, 5), [40, 40, 25, 25, 10]);
  assert.deepEqual(weightsFrom(new Map(), workers, 2), [1, 1]);
});

test('speeds are measured on what the workers that are here have trained lately', async () => {
  const farm = await startTestFarm();
  try {
    const { parts } = farm;
    const [first, second] = [await farm.addWorker(TRAINER), await farm.addWorker(TRAINER)];
    const speed = () => shardWeights(parts.db, { weighting: 'speed', shards: 2 }, ['numpy'], farm.by);
    assert.deepEqual(await speed(), [1, 1]);
    const job = await inFirstRound(parts, { settings: { shards: 2, rounds: 1 } });
    // 10 and 11 samples in 2 s.
    await deliver(parts, job, 0, { worker: first });
    await deliver(parts, job, 1, { worker: second });
    assert.deepEqual(await speed(), [5.5, 5]);
    assert.deepEqual(
      await shardWeights(parts.db, { weighting: 'even', shards: 2 }, ['numpy'], farm.by),
      [1, 1],
    );
    await parts.db.updateTable('workers').set({ status: 'offline' }).where('id', '=', second).execute();
    assert.deepEqual(await speed(), [5, 5]);
    assert.deepEqual(
      await shardWeights(parts.db, { weighting: 'speed', shards: 2 }, ['jax'], farm.by),
      [1, 1],
    );
  } finally {
    await farm.stop();
  }
});
