import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldOf } from './told-events.ts';

test('of a function, whose instances come and go by themselves, is told what somebody has to mend', () => {
  const failed = (code: string) => ({ status: 'failed', code, message: 'It broke.' }) as const;
  assert.equal(toldOf({ status: 'completed' }, 'command')?.event, 'done');
  assert.equal(toldOf({ status: 'completed' }, 'function'), null);
  assert.equal(toldOf(failed('function/no-image'), 'function'), null);
  assert.equal(toldOf(failed('function/bad-image'), 'function')?.event, 'failed');
  assert.equal(toldOf(failed('container/bad-image'), 'container')?.event, 'failed');
});

test('what a kind says of its ends is asked only then: a job of a kind that there is no more can be canceled', () => {
  assert.equal(toldOf({ status: 'canceled' }, 'gone'), null);
});
