import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CHUNK_STATUSES,
  type ChunkEvent,
  type ChunkState,
  chunkTransition,
  type EndedBy,
  isSettled,
  leasesOf,
  MAX_ATTEMPTS,
  type OpenLease,
  WORKER_LOST,
} from './chunk.ts';
import type { LeaseId, WorkerId } from './ids.ts';
import { LEASE_PURPOSES } from './lease.ts';

const lease = (n: number) => `lse_0000000${n}` as LeaseId;
const worker = (n: number) => `wrk_0000000${n}` as WorkerId;
const L = lease(1);
const W = worker(1);

const held: OpenLease = { id: L, worker: W, purpose: 'first', startedAt: null };
const begun: OpenLease = { ...held, startedAt: 1 };
const second: OpenLease = { id: lease(2), worker: worker(2), purpose: 'backup', startedAt: null };
const running = { status: 'running', attempts: 1, leases: [begun] } as const;

const states: Record<(typeof CHUNK_STATUSES)[number], ChunkState> = {
  queued: { status: 'queued', attempts: 0 },
  leased: { status: 'leased', attempts: 0, leases: [held] },
  running,
  done: { status: 'done', attempts: 1, accepted: L },
  failed: { status: 'failed', attempts: 3, code: 'hung', message: 'm' },
  canceled: { status: 'canceled', attempts: 1 },
};
const failure = { code: 'hung', retry: true, message: 'm' } as const;
const ends = (outcome: EndedBy, of: LeaseId = L): Extract<ChunkEvent, { type: 'end' }> => ({
  type: 'end',
  lease: of,
  outcome,
  failure: outcome === 'failed' ? failure : outcome === 'expired' ? WORKER_LOST : null,
});
const events = {
  grant: { type: 'grant', lease: lease(3), worker: W, purpose: 'first' },
  start: { type: 'start', lease: L, at: 5 },
  done: ends('done'),
  failed: ends('failed'),
  expired: ends('expired'),
  released: ends('released'),
  cancel: { type: 'cancel' },
  retry: { type: 'retry' },
  'give-up': { type: 'give-up', code: 'hung', message: 'm' },
  reject: { type: 'reject', lease: L, message: 'm' },
  redo: { type: 'redo', lease: L },
} as const satisfies Record<string, ChunkEvent>;

// Every state x event: the state it leads to, or why it is refused.
const table: Record<keyof typeof states, Record<keyof typeof events, string>> = {
  queued: {
    grant: 'leased',
    start: 'stale-lease',
    done: 'stale-lease',
    failed: 'stale-lease',
    expired: 'stale-lease',
    released: 'stale-lease',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'failed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  leased: {
    grant: 'not-allowed',
    start: 'running',
    done: 'done',
    failed: 'queued',
    expired: 'queued',
    released: 'queued',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  running: {
    grant: 'not-allowed',
    start: 'not-allowed',
    done: 'done',
    failed: 'queued',
    expired: 'queued',
    released: 'queued',
    cancel: 'canceled',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  done: {
    grant: 'not-allowed',
    start: 'stale-lease',
    done: 'stale-lease',
    failed: 'stale-lease',
    expired: 'stale-lease',
    released: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'not-allowed',
    'give-up': 'not-allowed',
    reject: 'queued',
    redo: 'queued',
  },
  failed: {
    grant: 'not-allowed',
    start: 'stale-lease',
    done: 'stale-lease',
    failed: 'stale-lease',
    expired: 'stale-lease',
    released: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'queued',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
  canceled: {
    grant: 'not-allowed',
    start: 'stale-lease',
    done: 'stale-lease',
    failed: 'stale-lease',
    expired: 'stale-lease',
    released: 'stale-lease',
    cancel: 'not-allowed',
    retry: 'queued',
    'give-up': 'not-allowed',
    reject: 'not-allowed',
    redo: 'not-allowed',
  },
};

for (const status of CHUNK_STATUSES) {
  test(`a ${status} chunk under every event`, () => {
    for (const [name, event] of Object.entries(events)) {
      const after = chunkTransition(states[status], event);
      const got = after.ok ? after.state.status : after.code;
      assert.equal(got, table[status][name as keyof typeof events], `${status} + ${name}`);
    }
  });
}

test('a chunk that is given up keeps its attempts, and fails with the reason given', () => {
  const given = chunkTransition({ status: 'queued', attempts: 2 }, events['give-up']);
  assert.ok(given.ok);
  assert.deepEqual(given.state, { status: 'failed', attempts: 2, code: 'hung', message: 'm' });
});

test('what the user wants made once more has all its attempts again, and only the result that was meant goes', () => {
  const done = { status: 'done', attempts: MAX_ATTEMPTS, accepted: L } as const;
  assert.deepEqual(chunkTransition(done, events.redo), {
    ok: true,
    state: { status: 'queued', attempts: 0 },
    ended: [],
  });
  assert.deepEqual(chunkTransition({ ...done, accepted: lease(2) }, events.redo), {
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
  assert.equal(attempts(states.leased, events.done), 1);
  assert.equal(attempts(states.leased, events.failed), 1);
  assert.equal(attempts(states.leased, events.expired), 0);
  assert.equal(attempts(states.running, events.expired), 1);
  assert.equal(attempts(states.running, events.released), 0);
  assert.equal(attempts(states.failed, events.retry), 0);
});

test('the last attempt fails the chunk with its own reason, and a failure that no retry can help fails it at once', () => {
  const last: ChunkState = { ...running, attempts: MAX_ATTEMPTS };
  const failed = chunkTransition(last, events.failed);
  assert.ok(failed.ok);
  assert.deepEqual(failed.state, { status: 'failed', attempts: MAX_ATTEMPTS, code: 'hung', message: 'm' });
  const lost = chunkTransition(last, events.expired);
  assert.ok(lost.ok && lost.state.status === 'failed' && lost.state.code === 'worker-lost');
  const hopeless = chunkTransition(running, {
    ...events.failed,
    failure: { code: 'over-time', retry: false, message: 'm' },
  });
  assert.ok(hopeless.ok && hopeless.state.status === 'failed');
});

test('an error of a script is tried once more, and then stands', () => {
  const error = {
    ...events.failed,
    failure: { code: 'kind/error', retry: 'once', message: 'm' },
  } as const;
  const first = chunkTransition(running, error);
  assert.deepEqual(first.ok && first.state, { status: 'queued', attempts: 1 });
  const second = chunkTransition({ ...running, attempts: 2 }, error);
  assert.equal(second.ok && second.state.status, 'failed');
});

describe('a chunk with a backup', () => {
  const backup = { type: 'grant', lease: second.id, worker: second.worker, purpose: 'backup' } as const;
  const both: ChunkState = { ...running, leases: [begun, second] };
  const after = (state: ChunkState, event: ChunkEvent) => {
    const result = chunkTransition(state, event);
    assert.ok(result.ok);
    return result;
  };

  test('gets it while it is held, on another worker, and within its attempts', () => {
    assert.deepEqual(after(running, backup).state, both);
    assert.equal(chunkTransition(states.queued, backup).ok, false);
    assert.equal(chunkTransition(running, { ...backup, worker: W }).ok, false);
    assert.equal(chunkTransition(both, { ...backup, lease: lease(4) }).ok, false);
    assert.equal(chunkTransition({ ...running, attempts: MAX_ATTEMPTS }, backup).ok, false);
    const third = { ...backup, lease: lease(3), worker: worker(3) };
    assert.equal(chunkTransition({ ...both, attempts: 2 }, third).ok, false, 'the backup is to begin yet');
  });

  test('takes the first result, whoever brings it, and ends the other lease', () => {
    assert.deepEqual(after(both, ends('done', second.id)), {
      ok: true,
      state: { status: 'done', attempts: 2, accepted: second.id },
      ended: [{ lease: L, outcome: 'superseded' }],
    });
    assert.deepEqual(after(both, ends('done')), {
      ok: true,
      state: { status: 'done', attempts: 1, accepted: L },
      ended: [{ lease: second.id, outcome: 'superseded' }],
    });
  });

  test('goes on with the one that is ahead, and never ends the last that runs', () => {
    assert.deepEqual(
      after({ ...both, leases: [second, ...both.leases.slice(0, 1)] }, ends('superseded', second.id)).state,
      running,
    );
    assert.equal(chunkTransition(both, ends('superseded')).ok, false, 'the other one has not begun');
    assert.equal(chunkTransition(running, ends('superseded')).ok, false);
  });

  test('goes on with the one when the other ends, and waits again after the last', () => {
    const left = after(both, ends('failed')).state;
    assert.deepEqual(left, { status: 'leased', attempts: 1, leases: [second] });
    assert.deepEqual(after(left, ends('released', second.id)).state, { status: 'queued', attempts: 1 });
    assert.deepEqual(after(both, ends('expired', second.id)).state, running);
  });

  test('ends both when it is canceled', () => {
    assert.deepEqual(after(both, events.cancel).ended, [
      { lease: L, outcome: 'canceled' },
      { lease: second.id, outcome: 'canceled' },
    ]);
  });
});

const anyLease = fc.integer({ min: 1, max: 6 }).map(lease);
const anyEvent: fc.Arbitrary<ChunkEvent> = fc.oneof(
  fc.record({
    type: fc.constant('grant' as const),
    lease: anyLease,
    worker: fc.integer({ min: 1, max: 3 }).map(worker),
    purpose: fc.constantFrom(...LEASE_PURPOSES),
  }),
  fc.record({ type: fc.constant('start' as const), lease: anyLease, at: fc.nat() }),
  fc
    .record({
      outcome: fc.constantFrom('done' as const, 'failed' as const, 'expired' as const, 'released' as const),
      lease: anyLease,
      retry: fc.constantFrom(true, false, 'once' as const),
    })
    .map(
      ({ outcome, lease, retry }): ChunkEvent => ({
        type: 'end',
        lease,
        outcome,
        failure: outcome === 'failed' ? { ...failure, retry } : outcome === 'expired' ? WORKER_LOST : null,
      }),
    ),
  fc.record({ type: fc.constant('reject' as const), lease: anyLease, message: fc.constant('m') }),
  fc.record({ type: fc.constant('redo' as const), lease: anyLease }),
  fc.record({ type: fc.constantFrom('cancel' as const, 'retry' as const) }),
  fc.record({
    type: fc.constant('give-up' as const),
    code: fc.constant('hung' as const),
    message: fc.constant('m'),
  }),
);

test('no sequence of events loses a chunk or finishes it twice, and every lease that was granted is open or ended', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 80 }), (sequence) => {
      let state: ChunkState = { status: 'queued', attempts: 0 };
      let finished = 0;
      const open = new Set<LeaseId>();
      for (const event of sequence) {
        const after = chunkTransition(state, event);
        if (!after.ok) continue;
        state = after.state;
        if (event.type === 'grant') open.add(event.lease);
        if (event.type === 'end') assert.ok(open.delete(event.lease), 'a lease ended that was not open');
        for (const ended of after.ended) assert.ok(open.delete(ended.lease), 'one ended twice');
        assert.deepEqual(new Set(leasesOf(state).map(({ id }) => id)), open);
        if (event.type === 'end' && event.outcome === 'done') finished += 1;
        if (event.type === 'reject' || event.type === 'redo') finished -= 1;
        assert.ok(finished === 0 || finished === 1, 'finished twice');
        assert.equal(state.status === 'done', finished === 1);
        assert.ok(state.attempts >= 0 && state.attempts <= MAX_ATTEMPTS, `attempts ${state.attempts}`);
        assertHeld(state);
      }
      // Whatever happened, there is a way on: it is settled, or it can be granted or ended.
      const [first] = leasesOf(state);
      const wayOn: ChunkEvent =
        first === undefined
          ? { type: 'grant', lease: lease(9), worker: W, purpose: 'first' }
          : ends('done', first.id);
      assert.ok(isSettled(state.status) || chunkTransition(state, wayOn).ok);
    }),
    { numRuns: 2_000 },
  );
});

function assertHeld(state: ChunkState): void {
  const leases = leasesOf(state);
  const begun = leases.some(({ startedAt }) => startedAt !== null);
  if (state.status === 'leased' || state.status === 'running')
    assert.ok(leases.length > 0 && begun === (state.status === 'running'), `${state.status} as it is not`);
  assert.equal(new Set(leases.map(({ worker }) => worker)).size, leases.length, 'one worker holds it twice');
}
