import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { RunOutcome } from '../kinds/kind.ts';
import type { Log } from '../log.ts';

export function logOutcome(log: Log, assign: Assign, outcome: RunOutcome, busyMs: number): void {
  const { lease, chunk } = assign;
  const label = labelOf(assign);
  const ms = Math.round(busyMs);
  if (outcome.ok) {
    log.info({ event: 'chunk.done', lease, chunk, ms }, `${label} done in ${(ms / 1_000).toFixed(1)} s.`);
  } else {
    const { code, message } = outcome;
    log.warn({ event: 'chunk.failed', lease, chunk, ms, code }, `${label} failed: ${message}`);
  }
}

export function logPreempted(log: Log, assign: Assign, kept: boolean): void {
  const { lease, chunk } = assign;
  const left = kept ? 'It left a checkpoint.' : 'It begins anew elsewhere.';
  log.info({ event: 'chunk.preempted', lease, chunk, kept }, `${labelOf(assign)} was taken back. ${left}`);
}

export function logStopped(log: Log, assign: Assign): void {
  const { lease, chunk } = assign;
  log.info({ event: 'chunk.stopped', lease, chunk }, `${labelOf(assign)} was stopped.`);
}

/** A chunk's name for people; its id where its kind has none. */
function labelOf(assign: Assign): string {
  try {
    return kindOf(assign.kind).label(assign.stageName, assign.chunkSpec);
  } catch {
    return `Chunk ${assign.chunk}`;
  }
}
