import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PLAIN_VIEW, smoothed, toggled, viewed } from './chart-view.ts';

const line = (key: string, ys: number[]) => ({
  key,
  color: '--brand',
  strong: false,
  xs: ys.map((_, index) => index),
  ys,
});

test('smoothing keeps a level line level, from its first point on, and stays within the line', () => {
  assert.deepEqual(
    smoothed([2, 2, 2], 0.9).map((y) => Math.round(y * 1e9) / 1e9),
    [2, 2, 2],
  );
  const ys = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(ys, fc.constantFrom(0.6, 0.9), (values, weight) => {
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const room = 1e-6 * Math.max(1, Math.abs(least), Math.abs(most));
      const drawn = smoothed(values, weight);
      assert.equal(drawn.length, values.length);
      assert.ok(drawn.every((y) => y >= least - room && y <= most + room));
      assert.ok(Math.abs((drawn[0] ?? 0) - (values[0] ?? 0)) <= room);
    }),
  );
});

test('what is switched off is not drawn, and a logarithmic scale leaves out what is not above 0', () => {
  const lines = [line('merged', [1, 0, 0.1]), line('shard 0', [3, 2])];
  assert.deepEqual(viewed(lines, PLAIN_VIEW), lines);
  const hidden = toggled(PLAIN_VIEW.hidden, ['shard 0']);
  const [only, ...none] = viewed(lines, { ...PLAIN_VIEW, log: true, hidden });
  assert.deepEqual([only?.xs, only?.ys, none], [[0, 2], [1, 0.1], []]);
  assert.equal(toggled(hidden, ['shard 0']).size, 0);
  assert.deepEqual([...toggled(hidden, ['shard 0', 'shard 1'])], ['shard 0', 'shard 1']);
});
