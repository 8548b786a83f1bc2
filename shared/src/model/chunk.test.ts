import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CHUNK_STATUSES,
  type ChunkEvent,
  type ChunkState,
  chunkTransition,
  isSettled,
  MAX_ATTEMPTS,
} from './chunk.ts';
import type { LeaseId, WorkerId } from './ids.ts';

const lease = (n: number) => `lse_0000000${n}` as LeaseId;
const worker = (n: number) => `wrk_0000000${n}` as WorkerId;
const L = lease(1);
const W = worker(1);

const states: Record<(typeof CHUNK_STATUSES)[number], ChunkState> = {
  queued: { status: 'queued', attempts: 0 },
  leased: { status: 'leased', attempts: 0, lease: L, worker: W },
  running: { status: 'running', attempts: 1, lease: L, worker: W, startedAt: 1 },
  done: { status: 'done', attempts: 1, lease: L, worker: W },
  failed: { status: 'failed', attempts: 3, code: 'hung', message: 'm' },
  canceled: { status: 'canceled', attempts: 1 },
};
const events: Record<ChunkEvent['type'], ChunkEvent> = {
  grant: { type: 'grant', lease: L, worker: W },
  start: { type: 'start', lease: L, at: 5 },
  finish: { type: 'finish', lease: L },
  fail: { type: 'fail', lease: L, code: 'hung', retry: true, message: 'm' },
  expire: { type: 'expire', lease: L },
  release: { type: 'release', lease: L },
  cancel: { type: 'cancel' },
  retry: { type: 'retry' },
  'give-up': { type: 'give-up', code: 'hung', message: 'm' },
  reject: { type: 'reject', lease: L, message: 'm' },
  redo: { type: 'redo', lease: L },
};

// Every state x event: the state it leads to, or why it is refused.
const table: Record<keyof typeof states, Record<ChunkEvent['type'], string>> = {
  queued: {
    grant: 'leased',
    start: 'stale-lease',
    finish: 'stale-lease',
    fail: 'stale-lease',
    expire: 'stale-lease',
    release: 'stale-lease',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'failed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  leased: {
    grant: 'not-allowed',
    start: 'running',
    finish: 'done',
    fail: 'queued',
    expire: 'queued',
    release: 'queued',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  running: {
    grant: 'not-allowed',
    start: 'not-allowed',
    finish: 'done',
    fail: 'queued',
    expire: 'queued',
    release: 'queued',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  done: {
    grant: 'not-allowed',
    start: 'stale-lease',
    finish: 'stale-lease',
    fail: 'stale-lease',
    expire: 'stale-lease',
    release: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'queued',
    redo: 'queued',
  },
  failed: {
    grant: 'not-allowed',
    start: 'stale-lease',
    finish: 'stale-lease',
    fail: 'stale-lease',
    expire: 'stale-lease',
    release: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'queued',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  canceled: {
    grant: 'not-allowed',
    start: 'stale-lease',
    finish: 'stale-lease',
    fail: 'stale-lease',
    expire: 'stale-lease',
    release: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'queued',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
};

for (const status of CHUNK_STATUSES) {
  test(`a ${status} chunk under every event`, () => {
    for (const event of Object.values(events)) {
      const after = chunkTransition(states[status], event);
      const got = after.ok ? after.state.status : after.code;
      assert.equal(got, table[status][event.type], `${status} + ${event.type}`);
    }
  });
}

test('a chunk that is given up keeps its attempts, and fails with the reason given', () => {
  const given = chunkTransition({ status: 'queued', attempts: 2 }, events['give-up']);
  assert.ok(given.ok);
  assert.deepEqual(given.state, { status: 'failed', attempts: 2, code: 'hung', message: 'm' });
});

test('what the user wants made once more has all its attempts again, and only the result that was meant goes', () => {
  const done = { status: 'done', attempts: MAX_ATTEMPTS, lease: L, worker: W } as const;
  assert.deepEqual(chunkTransition(done, events.redo), {
    ok: true,
    state: { status: 'queued', attempts: 0 },
  });
  assert.deepEqual(chunkTransition({ ...done, lease: lease(2) }, events.redo), {
    ok: false,
    code: 'stale-lease',
  });
});

test('only a start counts as an attempt; a lost worker costs an unstarted chunk nothing, a drained one neither', () => {
  const attempts = (state: ChunkState, event: ChunkEvent) => {
    const after = chunkTransition(state, event);
    assert.ok(after.ok);
    return after.state.attempts;
  };
  assert.equal(attempts(states.leased, events.start), 1);
  assert.equal(attempts(states.leased, events.finish), 1);
  assert.equal(attempts(states.leased, events.fail), 1);
  assert.equal(attempts(states.leased, events.expire), 0);
  assert.equal(attempts(states.running, events.expire), 1);
  assert.equal(attempts(states.running, events.release), 0);
  assert.equal(attempts(states.failed, events.retry), 0);
});

test('the last attempt fails the chunk with its own reason, and a failure that no retry can help fails it at once', () => {
  const last: ChunkState = { ...states.running, status: 'running', attempts: MAX_ATTEMPTS } as ChunkState;
  const failed = chunkTransition(last, events.fail);
  assert.ok(failed.ok);
  assert.deepEqual(failed.state, { status: 'failed', attempts: MAX_ATTEMPTS, code: 'hung', message: 'm' });
  const lost = chunkTransition(last, events.expire);
  assert.ok(lost.ok && lost.state.status === 'failed' && lost.state.code === 'worker-lost');
  const hopeless = chunkTransition(states.running, {
    type: 'fail',
    lease: L,
    code: 'over-time',
    retry: false,
    message: 'm',
  });
  assert.ok(hopeless.ok && hopeless.state.status === 'failed');
});

test('an error of a script is tried once more, and then stands', () => {
  const error = { type: 'fail', lease: L, code: 'kind/error', retry: 'once', message: 'm' } as const;
  const first = chunkTransition(states.running, error);
  assert.deepEqual(first.ok && first.state, { status: 'queued', attempts: 1 });
  const second = chunkTransition({ ...states.running, attempts: 2 } as ChunkState, error);
  assert.equal(second.ok && second.state.status, 'failed');
});

const anyEvent: fc.Arbitrary<ChunkEvent> = fc.oneof(
  fc.record({
    type: fc.constant('grant' as const),
    lease: fc.integer({ min: 1, max: 4 }).map(lease),
    worker: fc.integer({ min: 1, max: 3 }).map(worker),
  }),
  fc.record({
    type: fc.constant('start' as const),
    lease: fc.integer({ min: 1, max: 4 }).map(lease),
    at: fc.nat(),
  }),
  fc.record({
    type: fc.constantFrom('finish' as const, 'expire' as const, 'release' as const),
    lease: fc.integer({ min: 1, max: 4 }).map(lease),
  }),
  fc.record({
    type: fc.constant('fail' as const),
    lease: fc.integer({ min: 1, max: 4 }).map(lease),
    code: fc.constant('hung' as const),
    retry: fc.constantFrom(true, false, 'once' as const),
    message: fc.constant('m'),
  }),
  fc.record({
    type: fc.constant('reject' as const),
    lease: fc.integer({ min: 1, max: 4 }).map(lease),
    message: fc.constant('m'),
  }),
  fc.record({ type: fc.constant('redo' as const), lease: fc.integer({ min: 1, max: 4 }).map(lease) }),
  fc.record({ type: fc.constantFrom('cancel' as const, 'retry' as const) }),
  fc.record({
    type: fc.constant('give-up' as const),
    code: fc.constant('hung' as const),
    message: fc.constant('m'),
  }),
);

test('no sequence of events loses a chunk or finishes it twice', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (sequence) => {
      let state: ChunkState = { status: 'queued', attempts: 0 };
      let finished = 0;
      for (const event of sequence) {
        const before: ChunkState = state;
        const after = chunkTransition(before, event);
        if (!after.ok) continue;
        state = after.state;
        if (event.type === 'finish') finished += 1;
        if (event.type === 'reject' || event.type === 'redo') finished -= 1;
        assert.ok(finished === 0 || finished === 1, 'finished twice');
        assert.equal(state.status === 'done', finished === 1);
        assert.ok(state.attempts >= 0 && state.attempts <= MAX_ATTEMPTS, `attempts ${state.attempts}`);
        // Only the lease that was granted last may end the work.
        if (event.type === 'finish' || event.type === 'fail') {
          assert.ok('lease' in before && before.lease === event.lease);
        }
      }
      // Whatever happened, there is a way on: it is settled, or it can be granted or ended.
      const wayOn: ChunkEvent =
        state.status === 'leased' || state.status === 'running'
          ? { type: 'finish', lease: state.lease }
          : { type: 'grant', lease: lease(9), worker: W };
      assert.ok(isSettled(state.status) || chunkTransition(state, wayOn).ok);
    }),
    { numRuns: 2_000 },
  );
});
