import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Errors, errorOfSmoothing, naiveForecast, originsOf } from './backtest.ts';
import { HoltWinters, SMOOTHINGS } from './holt-winters.ts';
import { rhythmOfWork, START } from './rhythm.fixture.ts';
import { DAY } from './series.ts';

test('a steady rhythm of day and week is learnt: after six weeks little is off', () => {
  const series = rhythmOfWork({ weeks: 6, noise: 0 });
  const origins = originsOf(series.values.length);
  const naive = new Errors();
  for (const origin of origins) naive.add(naiveForecast(series, origin), series, origin);
  const best = Math.min(...SMOOTHINGS.map((smoothing) => errorOfSmoothing(series, smoothing, origins)));
  assert.ok(best < 0.25 * naive.mean, `${best / naive.mean}`);
});

for (const seed of [1, 2, 3])
  test(`it is better than the day before, on six weeks with noise and a holiday (${seed})`, () => {
    // The holiday is a Wednesday of the weeks that are forecast.
    const series = rhythmOfWork({ weeks: 6, seed, holiday: 30 });
    const origins = originsOf(series.values.length);
    const naive = new Errors();
    for (const origin of origins) naive.add(naiveForecast(series, origin), series, origin);
    const best = Math.min(...SMOOTHINGS.map((smoothing) => errorOfSmoothing(series, smoothing, origins)));
    assert.ok(best < 0.5 * naive.mean, `${best / naive.mean}`);
  });

test('whatever it has seen, what it forecasts is finite and not below zero, and in proportion to it', () => {
  fc.assert(
    fc.property(
      // Of the smallest numbers there are, twice a rounded part is not the rounded part of twice.
      fc.array(
        fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => (value < 1e-300 ? 0 : value)),
        { minLength: 1, maxLength: 300 },
      ),
      fc.constantFrom(...SMOOTHINGS),
      (values, smoothing) => {
        const [one, double] = [1, 2].map((factor) => {
          const model = new HoltWinters(smoothing, START);
          for (const value of values) model.take(factor * value);
          return model.ahead(DAY);
        });
        const most = Math.max(...values);
        for (const [at, value] of one?.entries() ?? []) {
          assert.ok(Number.isFinite(value) && value >= 0);
          assert.ok(Math.abs((double?.[at] ?? 0) - 2 * value) <= 1e-6 * most);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a level that stays is forecast at once', () => {
  const model = new HoltWinters(SMOOTHINGS[0] as (typeof SMOOTHINGS)[0], START);
  for (let quarter = 0; quarter < 10; quarter += 1) model.take(7);
  assert.deepEqual([...model.ahead(3)], [7, 7, 7]);
});
