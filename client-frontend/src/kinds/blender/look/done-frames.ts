import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { statusOfLetter } from '@parallel-pilot/shared/api/job-patch.ts';

/** A frame that is there to be looked at. */
export type DoneFrame = { ordinal: number; frame: number };

/** The frames that are done, in the order in which they are played: by their numbers. */
export function doneFrames({ states, numbers }: Pick<ChunkStates, 'states' | 'numbers'>): DoneFrame[] {
  const done: DoneFrame[] = [];
  for (let ordinal = 0; ordinal < states.length; ordinal += 1) {
    const frame = numbers?.[ordinal];
    if (frame !== undefined && statusOfLetter(states[ordinal] ?? '') === 'done')
      done.push({ ordinal, frame });
  }
  return done.sort((a, b) => a.frame - b.frame);
}

/** Where a frame stands among those that are done, or the next one after it; the last where none is after it. */
export function placeOf(done: readonly DoneFrame[], frame: number): number {
  let low = 0;
  let high = done.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((done[middle]?.frame ?? 0) < frame) low = middle + 1;
    else high = middle;
  }
  return Math.min(low, Math.max(0, done.length - 1));
}
