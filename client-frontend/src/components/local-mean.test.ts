import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localMean } from './local-mean.ts';

test('a dense line becomes its local mean, over the same x as the next one', () => {
  const xs = Array.from({ length: 10_000 }, (_, index) => ((index + 1) / 10_000) * 20);
  // A falling line with as much noise above as below.
  const noisy = xs.map((x, index) => 3 - x / 10 + (index % 2 === 0 ? 1 : -1));
  const mean = localMean({ xs, ys: noisy }, 20, 600);
  assert.equal(mean.xs.length, 150);
  for (const [index, x] of mean.xs.entries()) {
    assert.ok(Math.abs((mean.ys[index] ?? 9) - (3 - x / 10)) < 0.05, `at ${x}: ${mean.ys[index]}`);
  }
  const other = localMean({ xs: xs.map((x) => x - 0.001), ys: xs }, 20, 600);
  assert.deepEqual(other.xs, mean.xs);
});

test('a line that is not dense, or of which little is there yet, stays as it is', () => {
  const xs = Array.from({ length: 24 }, (_, index) => index + 1);
  const rounds = { xs, ys: xs };
  assert.equal(localMean(rounds, 24, 600), rounds);
  const none = { xs: [], ys: [] };
  assert.equal(localMean(none, 1, 600), none);
  const begun = { xs: xs.slice(0, 15).map((x) => x / 1_000), ys: xs.slice(0, 15) };
  assert.equal(localMean(begun, 1, 600), begun);
});
