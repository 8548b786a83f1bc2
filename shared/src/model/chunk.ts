import { FAILURES, type Failure, type FailureCode } from './failures.ts';
import type { LeaseId, WorkerId } from './ids.ts';
import { type LeaseOutcome, type LeasePurpose, wasAttempt } from './lease.ts';

/** How often a chunk may be started before it counts as failed. */
export const MAX_ATTEMPTS = 3;

/** A lease of a chunk that has not ended. */
export type OpenLease = {
  id: LeaseId;
  worker: WorkerId;
  purpose: LeasePurpose;
  /** Null before its work has begun. */
  startedAt: number | null;
};

/**
 * An attempt counts from its start: a chunk that only waited on a lost worker
 * has lost nothing. Leases stand in the order in which they were granted, and
 * no two of them are one worker's.
 */
export type ChunkState =
  | { status: 'queued'; attempts: number }
  /** None of its leases has begun. */
  | { status: 'leased'; attempts: number; leases: readonly OpenLease[] }
  /** One at least has. */
  | { status: 'running'; attempts: number; leases: readonly OpenLease[] }
  /** `accepted`: the lease whose result stands. */
  | { status: 'done'; attempts: number; accepted: LeaseId }
  | { status: 'failed'; attempts: number; code: FailureCode; message: string }
  | { status: 'canceled'; attempts: number };

export type ChunkStatus = ChunkState['status'];
export const CHUNK_STATUSES = ['queued', 'leased', 'running', 'done', 'failed', 'canceled'] as const;

export type ChunkEvent =
  | { type: 'grant'; lease: LeaseId; worker: WorkerId; purpose: LeasePurpose }
  | { type: 'start'; lease: LeaseId; at: number }
  /** A lease ends; `failure` with those outcomes that are one. */
  | { type: 'end'; lease: LeaseId; outcome: EndedBy; failure: LeaseFailure | null }
  /** Nobody wants it any more: all its leases end. */
  | { type: 'cancel' }
  | { type: 'retry' }
  /** No worker is left that may run it. */
  | { type: 'give-up'; code: FailureCode; message: string }
  /** The final check found the stored result of this lease unusable. */
  | { type: 'reject'; lease: LeaseId; message: string }
  /** The user wants the result of this lease made once more. */
  | { type: 'redo'; lease: LeaseId };

/** The ways in which one lease ends by itself; the others follow from what became of its chunk. Superseded it is also by one that is ahead of it. */
export type EndedBy = Exclude<LeaseOutcome, 'canceled'>;

/** Why a lease failed, and what is known of that code; a number is how often its job has it tried again. */
export type LeaseFailure = {
  code: FailureCode;
  retry: Exclude<Failure['retry'], 'asked'> | number;
  message: string;
};

export const WORKER_LOST: LeaseFailure = {
  code: 'worker-lost',
  retry: true,
  message: FAILURES['worker-lost'].sentence,
};

export type ChunkRefusal = 'stale-lease' | 'not-allowed';
export type ChunkTransition =
  /** `ended`: other leases of the chunk that end with this, and as what. */
  | { ok: true; state: ChunkState; ended: readonly { lease: LeaseId; outcome: 'superseded' | 'canceled' }[] }
  | { ok: false; code: ChunkRefusal };

const refuse = (code: ChunkRefusal): ChunkTransition => ({ ok: false, code });
const to = (state: ChunkState): ChunkTransition => ({ ok: true, state, ended: [] });

/**
 * The one place where a chunk changes state. An event that names a lease is
 * refused as `stale-lease` unless that lease is open, or the accepted one of a
 * done chunk: the first valid result wins, all other leases end with it, and a
 * late one changes nothing.
 */
export function chunkTransition(state: ChunkState, event: ChunkEvent): ChunkTransition {
  switch (event.type) {
    case 'grant':
      return grant(state, event);
    case 'start':
    case 'end':
      return underLease(state, event);
    case 'cancel': {
      if (isSettled(state.status)) return refuse('not-allowed');
      const ended = leasesOf(state).map(({ id }) => ({ lease: id, outcome: 'canceled' }) as const);
      return { ok: true, state: { status: 'canceled', attempts: state.attempts }, ended };
    }
    case 'retry':
      return state.status === 'failed' || state.status === 'canceled'
        ? to({ status: 'queued', attempts: 0 })
        : refuse('not-allowed');
    case 'give-up':
      return state.status === 'queued'
        ? to({ status: 'failed', attempts: state.attempts, code: event.code, message: event.message })
        : refuse('not-allowed');
    case 'reject':
      if (state.status !== 'done') return refuse('not-allowed');
      return state.accepted === event.lease
        ? to(again(state.attempts, { code: 'result-invalid', retry: true, message: event.message }))
        : refuse('stale-lease');
    case 'redo':
      if (state.status !== 'done') return refuse('not-allowed');
      return state.accepted === event.lease ? to({ status: 'queued', attempts: 0 }) : refuse('stale-lease');
    default:
      return event satisfies never;
  }
}

/** Those that are open. */
export const leasesOf = (state: ChunkState): readonly OpenLease[] =>
  state.status === 'leased' || state.status === 'running' ? state.leases : [];

// The first lease is of a chunk that waits; further ones are of one that is held, on other workers, and are attempts too.
function grant(
  state: ChunkState,
  { lease, worker, purpose }: Extract<ChunkEvent, { type: 'grant' }>,
): ChunkTransition {
  const fresh = { id: lease, worker, purpose, startedAt: null };
  if (state.status === 'queued')
    return purpose === 'first'
      ? to({ status: 'leased', attempts: state.attempts, leases: [fresh] })
      : refuse('not-allowed');
  if (state.status !== 'leased' && state.status !== 'running') return refuse('not-allowed');
  if (purpose === 'first' || state.leases.some((other) => other.worker === worker || other.id === lease))
    return refuse('not-allowed');
  const coming = state.leases.filter(({ startedAt }) => startedAt === null).length;
  if (state.attempts + coming >= MAX_ATTEMPTS) return refuse('not-allowed');
  return to({ ...state, leases: [...state.leases, fresh] });
}

function underLease(
  state: ChunkState,
  event: Extract<ChunkEvent, { type: 'start' | 'end' }>,
): ChunkTransition {
  if (state.status !== 'leased' && state.status !== 'running') return refuse('stale-lease');
  const lease = state.leases.find(({ id }) => id === event.lease);
  if (lease === undefined) return refuse('stale-lease');
  if (event.type === 'end') return end(state, lease, event);
  if (lease.startedAt !== null) return refuse('not-allowed');
  const leases = state.leases.map((it) => (it === lease ? { ...it, startedAt: event.at } : it));
  return to({ status: 'running', attempts: state.attempts + 1, leases });
}

type Held = Extract<ChunkState, { leases: unknown }>;

function end(
  state: Held,
  lease: OpenLease,
  { outcome, failure }: Extract<ChunkEvent, { type: 'end' }>,
): ChunkTransition {
  const begun = lease.startedAt !== null;
  const isAttempt = wasAttempt(outcome, begun);
  // It was counted when it began.
  const attempts = state.attempts - (begun ? 1 : 0) + (isAttempt ? 1 : 0);
  const others = state.leases.filter((it) => it !== lease);
  if (outcome === 'done') {
    const ended = others.map(({ id }) => ({ lease: id, outcome: 'superseded' }) as const);
    return { ok: true, state: { status: 'done', attempts, accepted: lease.id }, ended };
  }
  const running = others.some(({ startedAt }) => startedAt !== null);
  if (outcome === 'superseded' && !running) return refuse('not-allowed');
  if (others.length > 0) return to({ status: running ? 'running' : 'leased', attempts, leases: others });
  return to(isAttempt && failure !== null ? again(attempts, failure) : { status: 'queued', attempts });
}

function again(attempts: number, { code, message, retry }: LeaseFailure): ChunkState {
  const most = typeof retry === 'number' ? retry + 1 : { true: MAX_ATTEMPTS, once: 2, false: 0 }[`${retry}`];
  return attempts < most ? { status: 'queued', attempts } : { status: 'failed', attempts, code, message };
}

/** True for a chunk that nothing more will happen to by itself. */
export const isSettled = (status: ChunkStatus): boolean =>
  status === 'done' || status === 'failed' || status === 'canceled';
