import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignLines } from './align-lines.ts';

test('lines of different x share one list of x', () => {
  const aligned = alignLines([
    { xs: [1, 2, 3], ys: [10, 20, 30] },
    { xs: [0.5, 2], ys: [5, 6] },
    { xs: [], ys: [] },
  ]);
  assert.deepEqual(aligned, [
    [0.5, 1, 2, 3],
    [null, 10, 20, 30],
    [5, null, 6, null],
    [null, null, null, null],
  ]);
});

test('too many points fall into columns, and every line keeps its ends', () => {
  const count = 20_000;
  const xs = Array.from({ length: count }, (_, index) => index / 10);
  const lines = [
    { xs, ys: xs },
    { xs: xs.map((x) => x + 0.03), ys: xs.map(() => 1) },
  ];
  const [shared, first, second] = alignLines(lines, 4_000);
  assert.equal(shared.length, 2_000);
  assert.equal(shared[0], 0);
  assert.equal(first?.length, 2_000);
  assert.equal(first?.[0], 0.5);
  assert.equal(first?.at(-1), (count - 1) / 10);
  assert.ok((second?.filter((value) => value === null).length ?? 9) <= 1);
  for (const [index, x] of shared.entries()) {
    const value = first?.[index];
    if (value !== null && value !== undefined) assert.ok(Math.abs(value - x) < 1.1);
  }
});
