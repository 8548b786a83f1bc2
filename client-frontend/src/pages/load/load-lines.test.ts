import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Load } from '@parallel-pilot/shared/api/load.ts';
import { loadLines, nextMorning, startOf } from './load-lines.ts';

const QUARTER = 900_000;
const at = (hours: number) => new Date(2026, 0, 5, 0, 0).getTime() + hours * 4 * QUARTER;
const quarters = (from: number, count: number) =>
  Array.from({ length: count }, (_, place) => ({
    at: at(from) + place * QUARTER,
    demandMs: (place % 4) * QUARTER,
    capacityMs: 2 * QUARTER,
    waitingMs: 0,
  }));
const load: Load = {
  now: at(12.3),
  present: null,
  past: quarters(10, 9),
  future: quarters(12.25, 7),
  forecast: { from: 'history', used: 'lstm', days: 14, holtWinters: 1, lstm: 0.5, madeAt: 0 },
  network: null,
  advice: { type: 'nothing-waits' },
};

test('work and capacity are shown as means of whole hours, the coming ones dashed', () => {
  assert.equal(startOf(load), at(0));
  const lines = loadLines(load).map(({ key, xs, ys, dashed = false }) => ({ key, xs, ys, dashed }));
  assert.deepEqual(lines, [
    { key: 'could', xs: [10.5, 11.5, 12.125], ys: [2, 2, 2], dashed: false },
    { key: 'came', xs: [10.5, 11.5, 12.125], ys: [1.5, 1.5, 0], dashed: false },
    { key: 'can', xs: [12.625, 13.5], ys: [2, 2], dashed: true },
    { key: 'comes', xs: [12.625, 13.5], ys: [1, 1.5], dashed: true },
  ]);
});

test('without a history nothing is said of the work to come', () => {
  const without: Load = { ...load, past: [], forecast: { from: 'present', days: 0, needsDays: 3 } };
  assert.deepEqual(
    loadLines(without).map(({ key }) => key),
    ['can'],
  );
});

test('a queue is to be done by the next six o’clock that leaves time for it', () => {
  assert.equal(nextMorning(at(22)), at(30));
  assert.equal(nextMorning(at(4)), at(6));
  assert.equal(nextMorning(at(4.5)), at(30));
});
