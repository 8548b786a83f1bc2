import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backtest, byNetwork, originsOf } from './backtest.ts';
import { forecastsAt, SMOOTHINGS } from './holt-winters.ts';
import type { Network } from './lstm.ts';
import { someNetwork } from './network.fixture.ts';
import { rhythmOfWork } from './rhythm.fixture.ts';
import { DAY, type Series, WEEK } from './series.ts';

/** All of it at once. */
function judge(series: Series, network: Network | null) {
  const steps = backtest(series, network);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value?.judged ?? null;
  }
}

/** Says that the next day is as the one a week before it, and one that says that nothing comes. */
const weekAgo = someNetwork({ hidden: 2, seed: 1, head: 0, days: [1, 0, 0, 0, 0, 0, 0] });
const nothing = someNetwork({ hidden: 2, seed: 1, head: 0, days: [0, 0, 0, 0, 0, 0, 0] });

test('of the two ways the one is used that was better over the last two weeks', () => {
  const steady = rhythmOfWork({ weeks: 5, noise: 0 });
  const judged = judge(steady, weekAgo);
  assert.deepEqual([judged?.used, judged?.days], ['lstm', 14]);
  assert.ok((judged?.lstm ?? 1) < 1e-9);
  const noisy = rhythmOfWork({ weeks: 6, holiday: 30 });
  for (const network of [weekAgo, nothing]) assert.equal(judge(noisy, network)?.used, 'holt-winters');
  assert.ok((judge(noisy, nothing)?.lstm ?? 0) > (judge(noisy, weekAgo)?.lstm ?? 0));
});

test('without a network, or without a week before the first forecast, Holt-Winters is used', () => {
  assert.deepEqual(
    [judge(rhythmOfWork({ weeks: 5 }), null), judge(rhythmOfWork({ weeks: 2 }), weekAgo)].map((it) => [
      it?.used,
      it?.lstm,
    ]),
    [
      ['holt-winters', null],
      ['holt-winters', null],
    ],
  );
});

test('a history of less than three days is none', () => {
  const { from, values } = rhythmOfWork({ weeks: 1 });
  assert.equal(judge({ from, values: values.slice(0, 3 * DAY - 1) }, null), null);
  assert.equal(judge({ from, values: values.slice(0, 3 * DAY) }, null)?.days, 1);
});

test('however long a history is, so many forecasts are tried, and none looks beyond its place', () => {
  assert.equal(originsOf(12 * WEEK).length, 53);
  const series = rhythmOfWork({ weeks: 4 });
  const origin = 3 * WEEK + 7;
  const known = { from: series.from, values: series.values.slice(0, origin) };
  const [smoothing] = SMOOTHINGS;
  assert.ok(smoothing);
  const forecasts = (of: Series) => [
    ...forecastsAt(of, smoothing, [origin], DAY),
    byNetwork(of, someNetwork({ hidden: 2, seed: 1 }), origin),
  ];
  assert.deepEqual(forecasts(series), forecasts(known));
});
