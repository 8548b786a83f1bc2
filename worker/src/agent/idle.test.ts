import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdleJudge } from './idle.ts';

test('a machine is used by others after ten seconds of work, and idle again after a minute without', () => {
  const judge = createIdleJudge();
  const looks = (share: number, count: number) => Array.from({ length: count }, () => judge(share));
  assert.deepEqual(looks(0.2, 3), [true, true, true]);
  assert.deepEqual(looks(0.9, 1), [true]);
  // One look is no work.
  assert.deepEqual(looks(0, 1), [true]);
  assert.deepEqual(looks(0.9, 2), [true, false]);
  // In between it stays as it is.
  assert.deepEqual(looks(0.2, 20), Array(20).fill(false));
  assert.deepEqual(looks(0, 11), Array(11).fill(false));
  assert.deepEqual(looks(0.5, 1), [false]);
  assert.deepEqual(looks(0, 12), [...Array(11).fill(false), true]);
});
