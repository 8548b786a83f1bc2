import { blamesWorker, retryOf } from '@parallel-pilot/shared/kinds/failures.ts';
import { type ChunkEvent, type ChunkState, chunkTransition } from '@parallel-pilot/shared/model/chunk.ts';
import { FAILURES, type FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import type { ChunkId, LeaseId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { noteChunkTime } from './chunk-times.ts';
import type { Effect, SettleWrite } from './effects.ts';
import { chunkOf, type Farm, type Job, type Lease, type Stage, type Worker } from './farm.ts';
import { countHeld } from './held-chunks.ts';
import { JobFault } from './job-fault.ts';

/** How a lease ends. */
export type Ending =
  | { type: 'finish'; resultJson: string; files: ResultFile[]; busyMs: number; log: string }
  | { type: 'fail'; code: FailureCode; message: string; busyMs: number; log: string }
  | { type: 'expire' }
  | { type: 'release' }
  | { type: 'cancel' };

/** Gives a waiting chunk to a worker under a new lease. */
export function grantChunk(
  farm: Farm,
  grant: { stage: Stage; ordinal: number; worker: Worker; lease: LeaseId },
  now: number,
): { lease: Lease; effects: Effect[] } {
  const { stage, ordinal, worker, lease: id } = grant;
  const event = { type: 'grant', lease: id, worker: worker.id } as const;
  const state = advance(stage, ordinal, stateOfFree(stage, ordinal), event);
  stage.chunks.set(ordinal, state.status, state.attempts);
  const lease = addLease(farm, { id, stage, ordinal, worker, grantedAt: now, startedAt: null });
  const chunk = chunkOf(lease);
  return {
    lease,
    effects: [
      {
        type: 'write',
        write: { type: 'grant', chunk, lease: id, job: stage.job.id, worker: worker.id, at: now },
      },
      chunkChanged(stage, ordinal, worker.id),
    ],
  };
}

/** Enters a lease among the open ones. */
export function addLease(
  farm: Farm,
  facts: Pick<Lease, 'id' | 'stage' | 'ordinal' | 'worker' | 'grantedAt' | 'startedAt'>,
): Lease {
  const lease: Lease = {
    ...facts,
    delivered: false,
    reclaimedAt: null,
    kept: false,
    fraction: 0,
    detail: '',
  };
  farm.leases.set(lease.id, lease);
  lease.worker.leases.add(lease);
  countHeld(farm, lease.stage.job, 1);
  return lease;
}

export function startLease(lease: Lease, now: number): Effect[] {
  if (lease.startedAt !== null) return [];
  const { stage, ordinal } = lease;
  const state = advance(stage, ordinal, stateOfHeld(lease), { type: 'start', lease: lease.id, at: now });
  stage.chunks.set(ordinal, state.status, state.attempts);
  lease.startedAt = now;
  return [
    { type: 'write', write: { type: 'start', chunk: chunkOf(lease), lease: lease.id, at: now } },
    chunkChanged(stage, ordinal, lease.worker.id),
    { type: 'worker-changed', worker: lease.worker.id },
  ];
}

/** Ends a lease, and moves its chunk on. */
export function endLease(farm: Farm, lease: Lease, ending: Ending, now: number): Effect[] {
  const { stage, ordinal, worker } = lease;
  const state = advance(stage, ordinal, stateOfHeld(lease), eventOf(lease, ending));
  stage.chunks.set(ordinal, state.status, state.attempts);
  remember(lease, ending, now);
  dropLease(farm, lease);
  return [
    { type: 'write', write: settleWrite(lease, ending, state, now) },
    chunkChanged(stage, ordinal, state.status === 'done' ? worker.id : null),
    { type: 'worker-changed', worker: worker.id },
  ];
}

/** Takes a lease out of mind without a word to the database. */
export function dropLease(farm: Farm, lease: Lease): void {
  farm.leases.delete(lease.id);
  lease.worker.leases.delete(lease);
  countHeld(farm, lease.stage.job, -1);
}

export function chunkChanged(stage: Stage, ordinal: number, worker: WorkerId | null): Effect {
  return {
    type: 'chunk-changed',
    job: stage.job.id,
    stage: stage.id,
    ordinal,
    status: stage.chunks.status(ordinal),
    worker,
    settled: stage.chunks.settled,
  };
}

/** A chunk without a lease, as the model knows it. What the table leaves out, no transition looks at. */
export function stateOfFree(stage: Stage, ordinal: number): ChunkState {
  const attempts = stage.chunks.attempts(ordinal);
  const status = stage.chunks.status(ordinal);
  switch (status) {
    case 'queued':
    case 'canceled':
      return { status, attempts };
    case 'failed':
      return { status, attempts, code: 'unexpected', message: '' };
    case 'leased':
    case 'running':
    case 'done':
      throw new JobFault(
        stage.job.id,
        `Chunk ${stage.id}.${ordinal} is ${status} and was taken for one without a lease`,
      );
    default:
      return status satisfies never;
  }
}

/** The chunk's next state. Throws JobFault when the model refuses the event. */
export function advance(
  stage: Pick<Stage, 'id'> & { job: Pick<Job, 'id'> },
  ordinal: number,
  state: ChunkState,
  event: ChunkEvent,
): ChunkState {
  const result = chunkTransition(state, event);
  if (result.ok) return result.state;
  const chunk = `${stage.id}.${ordinal} (${state.status})`;
  throw new JobFault(stage.job.id, `Chunk ${chunk} refused ${event.type}: ${result.code}`);
}

function stateOfHeld(lease: Lease): ChunkState {
  const { id, worker, startedAt, stage, ordinal } = lease;
  const held = {
    attempts: stage.chunks.attempts(ordinal),
    lease: id,
    worker: worker.id,
  };
  return startedAt === null ? { status: 'leased', ...held } : { status: 'running', ...held, startedAt };
}

function eventOf(lease: Lease, ending: Ending): ChunkEvent {
  switch (ending.type) {
    case 'finish':
    case 'expire':
    case 'release':
      return { type: ending.type, lease: lease.id };
    case 'fail': {
      const { code, message } = ending;
      return { type: 'fail', lease: lease.id, code, retry: retryOf(code), message };
    }
    case 'cancel':
      return { type: 'cancel' };
    default:
      return ending satisfies never;
  }
}

function remember(lease: Lease, ending: Ending, now: number): void {
  const { stage, worker, startedAt } = lease;
  const { job } = stage;
  const used = spentOn(lease, ending, now);
  job.usedSlotMs += used;
  job.share.usedSlotMs += used;
  if (ending.type === 'finish') {
    noteChunkTime(stage, worker, ending.busyMs);
    job.succeeded.add(worker.id);
    stage.avoid.delete(lease.ordinal);
  } else if (ending.type === 'fail') {
    stage.avoid.set(lease.ordinal, worker.id);
    job.lastFailure = { code: ending.code, message: ending.message };
    if (blamesWorker(ending.code)) noteFailure(job, worker.id, chunkOf(lease));
  } else if (ending.type === 'expire' && startedAt !== null) {
    stage.avoid.set(lease.ordinal, worker.id);
  }
}

export function noteFailure(job: Job, worker: WorkerId, chunk: ChunkId): void {
  const failed = job.failures.get(worker);
  if (failed === undefined) job.failures.set(worker, new Set([chunk]));
  else failed.add(chunk);
}

/** What a lease cost the worker. Its own word counts for no more than the time that it held the lease. */
function spentOn(lease: Lease, ending: Ending, now: number): number {
  const ran = lease.startedAt === null ? 0 : now - lease.startedAt;
  const said = ending.type === 'finish' || ending.type === 'fail' ? ending.busyMs : 0;
  return Math.max(0, ran, Math.min(said, now - lease.grantedAt));
}

function settleWrite(lease: Lease, ending: Ending, state: ChunkState, at: number): SettleWrite {
  const common = {
    type: 'settle',
    chunk: chunkOf(lease),
    lease: lease.id,
    worker: lease.worker.id,
    at,
    attempts: state.attempts,
    busyMs: null,
    log: null,
    team: lease.stage.job.team,
    person: lease.stage.job.person,
    spentMs: spentOn(lease, ending, at),
  } as const;
  const next = state.status === 'failed' ? 'failed' : 'queued';
  switch (ending.type) {
    case 'finish': {
      const { resultJson, files, busyMs, log } = ending;
      return { ...common, outcome: 'done', next: 'done', resultJson, files, busyMs, log };
    }
    case 'fail': {
      const { code, message, busyMs, log } = ending;
      return { ...common, outcome: 'failed', next, code, message, busyMs, log };
    }
    case 'expire':
      return {
        ...common,
        outcome: 'expired',
        next,
        code: 'worker-lost',
        message: FAILURES['worker-lost'].sentence,
      };
    case 'release':
      return { ...common, outcome: 'released', next: 'queued' };
    case 'cancel':
      return { ...common, outcome: 'canceled', next: 'canceled' };
    default:
      return ending satisfies never;
  }
}
