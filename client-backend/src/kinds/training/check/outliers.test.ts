import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import { outliers } from './outliers.ts';

const changesOf = (...values: number[]) =>
  values.map((change, index) => ({ chunk: `chunk-${index}` as ChunkId, change }));
const named = (values: number[], suspects = new Map<ChunkId, number>()) =>
  outliers(changesOf(...values), suspects).map(({ chunk, times }) => [chunk, times]);

test('what changes the weights more than ten times as much as the median is named', () => {
  assert.deepEqual(named([1, 1, 10]), []);
  assert.deepEqual(named([1, 1, 11]), [['chunk-2', 11]]);
  assert.deepEqual(named([1, 2, 3, 1_000]), [['chunk-3', 400]]);
});

test('two updates have no majority, and where most stand still any change may be right', () => {
  assert.deepEqual(named([1, 1_000]), []);
  assert.deepEqual(named([0, 0, 1]), []);
});

test('an update that was made again and is like it was counts: its data is the reason', () => {
  const suspects = new Map<ChunkId, number>();
  assert.deepEqual(named([1, 1, 20], suspects), [['chunk-2', 20]]);
  assert.deepEqual(named([1, 1, 20.5], suspects), []);
  assert.deepEqual(named([20, 1, 1], suspects), [['chunk-0', 20]], 'another shard is not meant');
});

test('one that goes wrong in another way each time is named each time, and so is one beyond all numbers', () => {
  const suspects = new Map<ChunkId, number>();
  for (const change of [50, 5_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    assert.equal(named([1, 1, change], suspects).length, 1, String(change));
  }
});

test('what is remembered has a bound', () => {
  const suspects = new Map<ChunkId, number>();
  for (let index = 0; index < 5_000; index += 1) {
    const chunk = `bad-${index}` as ChunkId;
    outliers([...changesOf(1, 1), { chunk, change: 100 }], suspects);
  }
  assert.ok(suspects.size <= 4_096);
});
