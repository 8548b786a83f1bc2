import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRestart } from './restart.ts';

test('a child is started again at once, then later and later, and given up after five quick deaths', () => {
  const delays: (number | 'give-up')[] = [];
  let deaths = 0;
  for (let i = 0; i < 5; i += 1) {
    const decision = decideRestart(deaths, 100);
    deaths = decision.quickDeaths;
    delays.push(decision.action === 'restart' ? decision.delayMs : 'give-up');
  }
  assert.deepEqual(delays, [0, 1_000, 3_000, 8_000, 'give-up']);
});

test('a long life wipes out the deaths before it', () => {
  assert.deepEqual(decideRestart(4, 60_000), { action: 'restart', delayMs: 0, quickDeaths: 1 });
});
