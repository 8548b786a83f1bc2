import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGrantable, isOver, JOB_STATUSES, type JobEvent, type JobState, jobTransition } from './job.ts';

const states: Record<(typeof JOB_STATUSES)[number], JobState> = {
  blocked: { status: 'blocked' },
  preparing: { status: 'preparing' },
  ready: { status: 'ready' },
  queued: { status: 'queued' },
  running: { status: 'running' },
  paused: { status: 'paused', from: 'running' },
  assembling: { status: 'assembling' },
  completed: { status: 'completed' },
  failed: { status: 'failed', code: 'c', message: 'm' },
  canceled: { status: 'canceled' },
};
const events: Record<JobEvent['type'], JobEvent> = {
  unblock: { type: 'unblock', to: 'preparing' },
  'await-settings': { type: 'await-settings' },
  plan: { type: 'plan' },
  start: { type: 'start' },
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  assemble: { type: 'assemble' },
  redo: { type: 'redo' },
  complete: { type: 'complete' },
  reopen: { type: 'reopen' },
  fail: { type: 'fail', code: 'c', message: 'm' },
  cancel: { type: 'cancel' },
  retry: { type: 'retry', to: 'queued' },
};

// The events each state takes, and where they lead; every other pair is refused.
const table: Record<keyof typeof states, Partial<Record<JobEvent['type'], string>>> = {
  blocked: { unblock: 'preparing', fail: 'failed', cancel: 'canceled' },
  preparing: {
    'await-settings': 'ready',
    plan: 'queued',
    start: 'running',
    pause: 'paused',
    assemble: 'assembling',
    fail: 'failed',
    cancel: 'canceled',
  },
  ready: { plan: 'queued', fail: 'failed', cancel: 'canceled' },
  queued: { start: 'running', pause: 'paused', assemble: 'assembling', fail: 'failed', cancel: 'canceled' },
  running: { plan: 'queued', pause: 'paused', assemble: 'assembling', fail: 'failed', cancel: 'canceled' },
  paused: { resume: 'running', fail: 'failed', cancel: 'canceled' },
  assembling: { redo: 'running', complete: 'completed', fail: 'failed', cancel: 'canceled' },
  completed: { reopen: 'assembling' },
  failed: { retry: 'queued' },
  canceled: { retry: 'queued' },
};

for (const status of JOB_STATUSES) {
  test(`a ${status} job under every event`, () => {
    for (const event of Object.values(events)) {
      const after = jobTransition(states[status], event);
      const got = after.ok ? after.state.status : 'refused';
      assert.equal(got, table[status][event.type] ?? 'refused', `${status} + ${event.type}`);
    }
  });
}

test('resume goes back to where the pause came from', () => {
  for (const status of ['preparing', 'queued', 'running'] as const) {
    const paused = jobTransition({ status }, { type: 'pause' });
    assert.ok(paused.ok);
    assert.deepEqual(jobTransition(paused.state, { type: 'resume' }), { ok: true, state: { status } });
  }
});

test('no sequence of events completes a job without assembling it, nor moves one that is over but by retry or reopen', () => {
  const anyEvent = fc.constantFrom(...Object.values(events));
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), (sequence) => {
      let state: JobState = { status: 'blocked' };
      for (const event of sequence) {
        const before: JobState = state;
        const after = jobTransition(before, event);
        if (!after.ok) continue;
        state = after.state;
        if (before.status === 'blocked')
          assert.ok(
            ['unblock', 'fail', 'cancel'].includes(event.type),
            'it waits until it is let go or ends',
          );
        if (state.status === 'completed') assert.equal(before.status, 'assembling');
        if (isOver(before.status)) assert.ok(event.type === 'retry' || event.type === 'reopen');
        assert.ok(!(isOver(state.status) && isGrantable(state.status)));
      }
    }),
  );
});

test('a job that the farm canceled for another is told from one that somebody canceled, and waits again when it is retried', () => {
  const reason = { code: 'dependency', message: 'Canceled.' };
  const canceled = jobTransition({ status: 'blocked' }, { type: 'cancel', reason });
  assert.ok(canceled.ok);
  assert.deepEqual(canceled.state, { status: 'canceled', reason });
  assert.deepEqual(jobTransition(canceled.state, { type: 'retry', to: 'blocked' }), {
    ok: true,
    state: { status: 'blocked' },
  });
  assert.deepEqual(jobTransition({ status: 'blocked' }, { type: 'cancel' }), {
    ok: true,
    state: { status: 'canceled' },
  });
});
