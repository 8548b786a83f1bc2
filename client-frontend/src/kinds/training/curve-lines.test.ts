import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, valueAt } from './curve-lines.ts';

const curves = {
  names: ['loss', 'accuracy'],
  lines: [
    { shard: null, points: [{ x: 1, values: { accuracy: 0.9 } }] },
    { shard: 1, points: [{ x: 0.5, values: { loss: 2, accuracy: 0.4 } }] },
    {
      shard: 0,
      points: [
        { x: 0.2, values: { loss: 3 } },
        { x: 0.7, values: { loss: 1 } },
      ],
    },
  ],
};

test('each metric has the lines that hold it, the merged model over the shards', () => {
  assert.deepEqual(
    linesOf(curves, 'loss').map(({ name, xs, ys, strong }) => [name, xs, ys, strong]),
    [
      ['Shard 1', [0.2, 0.7], [3, 1], false],
      ['Shard 2', [0.5], [2], false],
    ],
  );
  assert.deepEqual(
    linesOf(curves, 'accuracy').map((line) => line.name),
    ['Shard 2', 'Merged model'],
  );
});

test('the value of a line at a place', () => {
  const line = { xs: [1, 2, 3], ys: [10, 20, 30] };
  assert.equal(valueAt(line, null), 30);
  assert.equal(valueAt(line, 2), 20);
  assert.equal(valueAt(line, 2.9), 20);
  assert.equal(valueAt(line, 99), 30);
  assert.equal(valueAt(line, 0.5), undefined);
});
