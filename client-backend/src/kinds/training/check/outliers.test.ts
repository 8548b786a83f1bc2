import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { type Named, outliers } from './outliers.ts';

/** One round after another: each shard's update is an attempt of its own, and what was named is remembered. */
function rounds(): (...values: number[]) => [ChunkId, number][] {
  let attempt = 0;
  let named: Named = {};
  return (...values) => {
    const changes = values.map((change, index) => {
      attempt += 1;
      return { chunk: `chunk-${index}` as ChunkId, lease: `lse_${attempt}` as LeaseId, change };
    });
    const found = outliers(changes, named);
    named = {
      ...named,
      ...Object.fromEntries(found.map(({ chunk, lease, change }) => [chunk, { lease: lease ?? '', change }])),
    };
    return found.map(({ chunk, times }) => [chunk, times]);
  };
}

test('what changes the weights more than ten times as much as the median is named', () => {
  assert.deepEqual(rounds()(1, 1, 10), []);
  assert.deepEqual(rounds()(1, 1, 11), [['chunk-2', 11]]);
  assert.deepEqual(rounds()(1, 2, 3, 1_000), [['chunk-3', 400]]);
});

test('two updates have no majority, and where most stand still any change may be right', () => {
  assert.deepEqual(rounds()(1, 1_000), []);
  assert.deepEqual(rounds()(0, 0, 1), []);
});

test('an update that was made again and is like it was counts: its data is the reason', () => {
  const named = rounds();
  assert.deepEqual(named(1, 1, 20), [['chunk-2', 20]]);
  assert.deepEqual(named(1, 1, 20.5), []);
  assert.deepEqual(named(20, 1, 1), [['chunk-0', 20]], 'another shard is not meant');
});

test('the same attempt looked at again is no second one', () => {
  const changes = [1, 1, 20].map((change, index) => ({
    chunk: `chunk-${index}` as ChunkId,
    lease: `lse_${index}` as LeaseId,
    change,
  }));
  const before = { ['chunk-2' as ChunkId]: { lease: 'lse_2', change: 20 } };
  assert.equal(outliers(changes, before).length, 1);
});

test('one that goes wrong in another way each time is named each time, and so is one beyond all numbers', () => {
  const named = rounds();
  for (const change of [50, 5_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    assert.equal(named(1, 1, change).length, 1, String(change));
  }
});
