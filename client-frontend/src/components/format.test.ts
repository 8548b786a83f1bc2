import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatAgo,
  formatBytes,
  formatDuration,
  formatEta,
  formatMeasured,
  formatPercent,
  plural,
} from './format.ts';

test('durations', () => {
  const cases: [number, string][] = [
    [0, '0.0 s'],
    [1_240, '1.2 s'],
    [9_960, '10 s'],
    [59_700, '1 min'],
    [200_000, '3 min 20 s'],
    [3_900_000, '1 h 05 min'],
    [187_200_000, '2 d 4 h'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('estimates are coarse', () => {
  assert.equal(formatEta(12), 'under a minute');
  assert.equal(formatEta(250), '4 min');
  assert.equal(formatEta(3_600), '1 h');
  assert.equal(formatEta(7_840), '2 h 10 min');
  assert.equal(formatEta(86_000), '1 d');
});

test('bytes carry into the next unit', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1_400_000), '1.4 MB');
  assert.equal(formatBytes(999_999), '1.0 MB');
  assert.equal(formatBytes(128e9), '128 GB');
});

test('a percentage is 100 only when all is there', () => {
  assert.equal(formatPercent(0.9999), '99 %');
  assert.equal(formatPercent(1), '100 %');
  assert.equal(formatPercent(0.0001), '1 %');
  assert.equal(formatPercent(0), '0 %');
});

test('how long ago', () => {
  const now = new Date(2026, 4, 10, 15, 0).getTime();
  assert.equal(formatAgo(now - 5_000, now), 'just now');
  assert.equal(formatAgo(now - 300_000, now), '5 min ago');
  assert.equal(formatAgo(now - 3 * 3_600_000, now), '3 h ago');
  assert.equal(formatAgo(new Date(2026, 4, 10, 2, 5).getTime(), now), 'today, 02:05');
  assert.equal(formatAgo(new Date(2026, 4, 9, 23, 5).getTime(), now), 'yesterday, 23:05');
  assert.equal(formatAgo(new Date(2025, 10, 3, 14, 2).getTime(), now), '3 Nov 2025, 14:02');
});

test('measured figures keep about four digits', () => {
  const cases: [number, string][] = [
    [0.31274, '0.3127'],
    [1, '1'],
    [0, '0'],
    [12.426, '12.43'],
    [-1_203.7, '-1,204'],
    [0.00000031, '3.1e-7'],
    [4.2e9, '4.2e9'],
  ];
  for (const [value, text] of cases) assert.equal(formatMeasured(value), text);
});

test('plurals', () => {
  assert.equal(plural(1, 'frame'), '1 frame');
  assert.equal(plural(5_000, 'frame'), '5,000 frames');
});
