import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRestart } from './restart.ts';

test('a child is started again at once, then later and later, and seldom after five quick deaths', () => {
  const delays: (number | 'seldom')[] = [];
  let deaths = 0;
  for (let i = 0; i < 6; i += 1) {
    const decision = decideRestart(deaths, 100);
    deaths = decision.quickDeaths;
    delays.push(decision.delayMs);
  }
  assert.deepEqual(delays, [0, 1_000, 3_000, 8_000, 'seldom', 'seldom']);
});

test('a long life wipes out the deaths before it', () => {
  assert.deepEqual(decideRestart(4, 60_000), { delayMs: 0, quickDeaths: 1 });
});
