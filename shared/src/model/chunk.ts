import { FAILURES, type Failure, type FailureCode } from './failures.ts';
import type { LeaseId, WorkerId } from './ids.ts';

/** How often a chunk may be started before it counts as failed. */
export const MAX_ATTEMPTS = 3;

/** An attempt counts from its start: a chunk that only waited on a lost worker has lost nothing. */
export type ChunkState =
  | { status: 'queued'; attempts: number }
  | { status: 'leased'; attempts: number; lease: LeaseId; worker: WorkerId }
  | { status: 'running'; attempts: number; lease: LeaseId; worker: WorkerId; startedAt: number }
  | { status: 'done'; attempts: number; lease: LeaseId; worker: WorkerId }
  | { status: 'failed'; attempts: number; code: FailureCode; message: string }
  | { status: 'canceled'; attempts: number };

export type ChunkStatus = ChunkState['status'];
export const CHUNK_STATUSES = ['queued', 'leased', 'running', 'done', 'failed', 'canceled'] as const;

export type ChunkEvent =
  | { type: 'grant'; lease: LeaseId; worker: WorkerId }
  | { type: 'start'; lease: LeaseId; at: number }
  | { type: 'finish'; lease: LeaseId }
  /** The worker says this attempt failed; `retry` is what is known of the code. */
  | { type: 'fail'; lease: LeaseId; code: FailureCode; retry: Failure['retry']; message: string }
  /** The worker is lost. */
  | { type: 'expire'; lease: LeaseId }
  /** The worker gives the chunk back through no fault of the chunk: drained, or taken back for an idle worker. */
  | { type: 'release'; lease: LeaseId }
  | { type: 'cancel' }
  | { type: 'retry' }
  /** No worker is left that may run it. */
  | { type: 'give-up'; code: FailureCode; message: string }
  /** The final check found the stored result of this lease unusable. */
  | { type: 'reject'; lease: LeaseId; message: string }
  /** The user wants the result of this lease made once more. */
  | { type: 'redo'; lease: LeaseId };

export type ChunkRefusal = 'stale-lease' | 'not-allowed';
export type ChunkTransition = { ok: true; state: ChunkState } | { ok: false; code: ChunkRefusal };

const refuse = (code: ChunkRefusal): ChunkTransition => ({ ok: false, code });
const to = (state: ChunkState): ChunkTransition => ({ ok: true, state });

/**
 * The one place where a chunk changes state. An event that names a lease is
 * refused as `stale-lease` unless that lease is the chunk's present one, so the
 * first valid result wins and a late one changes nothing.
 */
export function chunkTransition(state: ChunkState, event: ChunkEvent): ChunkTransition {
  switch (event.type) {
    case 'grant':
      return state.status === 'queued'
        ? to({
            status: 'leased',
            attempts: state.attempts,
            lease: event.lease,
            worker: event.worker,
          })
        : refuse('not-allowed');
    case 'cancel':
      return state.status === 'queued' || state.status === 'leased' || state.status === 'running'
        ? to({ status: 'canceled', attempts: state.attempts })
        : refuse('not-allowed');
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
      return state.lease === event.lease
        ? again(state.attempts, 'result-invalid', event.message)
        : refuse('stale-lease');
    case 'redo':
      if (state.status !== 'done') return refuse('not-allowed');
      return state.lease === event.lease ? to({ status: 'queued', attempts: 0 }) : refuse('stale-lease');
    case 'start':
    case 'finish':
    case 'fail':
    case 'expire':
    case 'release':
      return underLease(state, event);
    default:
      return event satisfies never;
  }
}

type LeaseEvent = Extract<ChunkEvent, { type: 'start' | 'finish' | 'fail' | 'expire' | 'release' }>;

function underLease(state: ChunkState, event: LeaseEvent): ChunkTransition {
  if (state.status !== 'leased' && state.status !== 'running') return refuse('stale-lease');
  if (state.lease !== event.lease) return refuse('stale-lease');
  const { attempts, lease, worker } = state;
  const started = state.status === 'running';
  switch (event.type) {
    case 'start':
      return started
        ? refuse('not-allowed')
        : to({ status: 'running', attempts: attempts + 1, lease, worker, startedAt: event.at });
    case 'finish':
      return to({ status: 'done', attempts: started ? attempts : attempts + 1, lease, worker });
    case 'fail': {
      const count = started ? attempts : attempts + 1;
      const most = { true: MAX_ATTEMPTS, once: 2, false: 0 }[`${event.retry}`];
      return again(count, event.code, event.message, most);
    }
    case 'expire':
      return started
        ? again(attempts, 'worker-lost', FAILURES['worker-lost'].sentence)
        : to({ status: 'queued', attempts });
    case 'release':
      return to({ status: 'queued', attempts: started ? attempts - 1 : attempts });
    default:
      return event satisfies never;
  }
}

function again(attempts: number, code: FailureCode, message: string, most = MAX_ATTEMPTS): ChunkTransition {
  return attempts < most
    ? to({ status: 'queued', attempts })
    : to({ status: 'failed', attempts, code, message });
}

/** True for a chunk that nothing more will happen to by itself. */
export const isSettled = (status: ChunkStatus): boolean =>
  status === 'done' || status === 'failed' || status === 'canceled';
