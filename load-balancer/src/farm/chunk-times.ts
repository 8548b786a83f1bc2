import type { Stage, Worker } from './farm.ts';

const SHORTEST_LIMIT_MS = 60_000;
const TIMES_SLOWEST = 20;
const ENOUGH = 3;

/**
 * Silence after which a chunk of this stage counts as hung, milliseconds: 20
 * times the slowest chunk so far, and at most `longestMs`, which stands until
 * enough are done. Ever, not lately: the slow ones are those that opened the
 * scene first, which a worker that joins late must do too.
 */
export function hangLimit({ times }: Stage, longestMs: number): number {
  if (times.count < ENOUGH) return longestMs;
  return Math.round(Math.min(longestMs, Math.max(SHORTEST_LIMIT_MS, TIMES_SLOWEST * times.slowest)));
}

/** Takes a finished chunk's time into account, for its stage and for the speed of its worker. */
export function noteChunkTime(stage: Stage, worker: Worker, ms: number): void {
  const { times } = stage;
  if (times.count > 0 && ms > 0 && times.mean > 0) {
    // A single chunk says little: easy frames and hard ones stand side by side.
    const ratio = Math.min(10, Math.max(0.1, times.mean / ms));
    worker.speed += (ratio - worker.speed) * 0.1;
  }
  addTime(stage, ms);
}

export function addTime({ times }: Stage, ms: number): void {
  times.count += 1;
  times.slowest = Math.max(times.slowest, ms);
  times.mean += (ms - times.mean) / Math.min(times.count, 50);
}
