import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServerConfig } from '../server/config.ts';
import { escalationOf, STANDARD_ESCALATION } from './escalation.ts';

test('what an admin sets goes before what the farm was started with, and the steps stay in order', () => {
  const defaults = { first: 0.3, preempt: 0.1 };
  assert.deepEqual(escalationOf({ first: null, preempt: null }, defaults), defaults);
  assert.deepEqual(escalationOf({ first: 0.5, preempt: 0 }, defaults), { first: 0.5, preempt: 0 });
  assert.deepEqual(escalationOf({ first: 0.05, preempt: null }, defaults), { first: 0.05, preempt: 0.05 });
  assert.deepEqual(escalationOf({ first: null, preempt: 0.4 }, defaults), { first: 0.4, preempt: 0.4 });
});

test('the environment says them in percent, and is refused where it turns their order round', () => {
  const read = (env: Record<string, string>) => readServerConfig(env).escalation;
  assert.deepEqual(read({}), STANDARD_ESCALATION);
  assert.deepEqual(read({ PILOT_DEADLINE_FIRST: '30' }), { first: 0.3, preempt: 0.05 });
  assert.deepEqual(read({ PILOT_DEADLINE_FIRST: '3' }), { first: 0.03, preempt: 0.03 });
  assert.throws(() => read({ PILOT_DEADLINE_PREEMPT: '25' }), /at most PILOT_DEADLINE_FIRST/);
  assert.throws(() => read({ PILOT_DEADLINE_FIRST: '101' }), /PILOT_DEADLINE_FIRST/);
});
