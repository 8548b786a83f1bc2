import { blamesWorker, retryOf } from '@parallel-pilot/shared/kinds/failures.ts';
import { retriesAsked } from '@parallel-pilot/shared/kinds/registry.ts';
import { type LeaseFailure, WORKER_LOST } from '@parallel-pilot/shared/model/chunk.ts';
import type { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import type { ChunkId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { wasAttempt } from '@parallel-pilot/shared/model/lease.ts';
import { quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Estimate } from '../prediction/estimate.ts';
import { noteChunkTime, noteDoubled } from './chunk-times.ts';
import type { EndWrite } from './effects.ts';
import { chunkOf, type Farm, type Job, type Lease } from './farm.ts';
import { charge } from './portion.ts';
import { noteMemoryNeed, noteMemorySeen } from './resources.ts';

/** How a lease ends, with what its worker said. */
export type Ending =
  | ({ outcome: 'done'; resultJson: string; files: ResultFile[]; openingMs: number } & Said)
  /** `moreMemoryBytes`: it ended for want of memory, and is to get so much; null where nobody has that. */
  | ({ outcome: 'failed'; code: FailureCode; message: string; moreMemoryBytes?: number | null } & Said)
  | ({ outcome: 'preempted'; checkpoint: ResultFile | null } & Said)
  | { outcome: 'expired' | 'released' }
  /** `work`: of its chunk, as is known by the lease that was done first, or is ahead. */
  | { outcome: 'superseded'; work: Estimate }
  | { outcome: 'canceled' };

/** `peakMemoryBytes` is 0 where it was not looked at. */
type Said = { busyMs: number; peakMemoryBytes: number; log: string };

/** Remembers what the ending says of its job, its stage and its worker. */
export function remember(farm: Farm, lease: Lease, ending: Ending, now: number): void {
  const { stage, ordinal, worker, startedAt } = lease;
  const { job } = stage;
  const used = spentOn(lease, ending, now);
  charge(farm, lease, used);
  if (ending.outcome === 'superseded') noteDoubled(lease, { ms: used, work: ending.work }, now);
  if (ending.outcome === 'done') {
    noteChunkTime(lease, ending);
    job.succeeded.add(worker.id);
    stage.avoid.delete(ordinal);
    stage.memory.needs.delete(ordinal);
    noteMemorySeen(lease, ending.peakMemoryBytes);
    return;
  }
  if (ending.outcome === 'failed') job.lastFailure = { code: ending.code, message: ending.message };
  if (ending.outcome === 'failed' && ending.moreMemoryBytes !== undefined) {
    // Not the worker was to blame: it may have as much, beside less.
    stage.avoid.delete(ordinal);
    noteMemoryNeed(stage, ordinal, ending.moreMemoryBytes ?? 0);
    return;
  }
  if (wasAttempt(ending.outcome, startedAt !== null)) stage.avoid.set(ordinal, worker.id);
  if (ending.outcome !== 'failed') return;
  stage.memory.needs.delete(ordinal);
  if (blamesWorker(ending.code)) noteFailure(job, worker.id, chunkOf(lease));
}

export function noteFailure(job: Job, worker: WorkerId, chunk: ChunkId): void {
  const failed = job.failures.get(worker);
  if (failed === undefined) job.failures.set(worker, new Set([chunk]));
  else failed.add(chunk);
}

export function endWrite(lease: Lease, ending: Ending, at: number): EndWrite {
  const { stage, worker, id } = lease;
  const spentMs = spentOn(lease, ending, at);
  return {
    type: 'end',
    chunk: chunkOf(lease),
    lease: id,
    worker: worker.id,
    outcome: ending.outcome,
    at,
    startedAt: lease.startedAt === null ? beganAt(lease, ending, at) : null,
    team: stage.job.team,
    person: stage.job.person,
    spentMs,
    work: workOf(lease, ending, spentMs),
    failure: failureIn(lease, ending),
    said: saidIn(ending),
    result: resultIn(ending),
  };
}

function resultIn(ending: Ending): EndWrite['result'] {
  if (ending.outcome === 'done') return { json: ending.resultJson, files: ending.files };
  if (ending.outcome !== 'preempted' || ending.checkpoint === null) return null;
  return { json: 'null', files: [ending.checkpoint] };
}

/** What was done of its chunk. Its worker's speed is known best after what it has just done. */
function workOf({ stage, worker }: Lease, ending: Ending, spentMs: number): EndWrite['work'] {
  if (resultIn(ending) === null) return null;
  return { quarter: quarterOf(stage.plannedAt), ms: spentMs * worker.speed };
}

function saidIn(ending: Ending): EndWrite['said'] {
  if (!('log' in ending)) return null;
  const { busyMs, peakMemoryBytes, log } = ending;
  return { busyMs, peakMemoryBytes, log };
}

export function failureIn({ stage }: Pick<Lease, 'stage'>, ending: Ending): LeaseFailure | null {
  if (ending.outcome === 'failed') {
    const known = ending.moreMemoryBytes === null ? false : retryOf(ending.code);
    const retry = known === 'asked' ? retriesAsked(stage.job.kind, stage.spec) : known;
    return { code: ending.code, message: ending.message, retry };
  }
  return ending.outcome === 'expired' ? WORKER_LOST : null;
}

/** Of a lease that is over before its beginning was told, its worker's result tells. Null where it never began. */
export function beganAt({ startedAt, grantedAt }: Lease, ending: Ending, now: number): number | null {
  if (startedAt !== null || !('busyMs' in ending) || ending.busyMs === 0) return startedAt;
  return Math.max(grantedAt, Math.round(now - ending.busyMs));
}

/** What a lease cost the worker. Its own word counts for no more than the time that it held the lease. */
function spentOn(lease: Lease, ending: Ending, now: number): number {
  const ran = lease.startedAt === null ? 0 : now - lease.startedAt;
  const said = 'busyMs' in ending ? ending.busyMs : 0;
  return Math.max(0, ran, Math.min(said, now - lease.grantedAt));
}
