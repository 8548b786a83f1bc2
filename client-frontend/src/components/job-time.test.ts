import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeInWords, timeOf } from './job-time.ts';

const min = 60_000;

test('a render of 8 s that stood three minutes before it was started took 8 s', () => {
  const job = { createdAt: 0, startedAt: 3 * min + 8_000, finishedAt: 3 * min + 16_000 };
  assert.deepEqual(timeOf(job, 99 * min), { worked: 8_000, waited: 3 * min + 8_000 });
  assert.equal(timeInWords(job, 99 * min), 'took 8.0 s, waited 3 min 8 s');
});

test('while it waits and while it runs', () => {
  assert.equal(timeInWords({ createdAt: 0, startedAt: null, finishedAt: null }, 12_400), 'waiting for 12 s');
  assert.equal(timeInWords({ createdAt: 0, startedAt: 1_000, finishedAt: null }, 13_400), '12 s so far');
  assert.equal(timeInWords({ createdAt: 0, startedAt: null, finishedAt: 4_000 }, 9_000), 'never begun');
});

test('a start that another clock saw before the submission is no negative wait', () => {
  assert.deepEqual(timeOf({ createdAt: 500, startedAt: 100, finishedAt: 600 }, 0), {
    worked: 500,
    waited: 0,
  });
});
