import type { LoadAdvice } from '@parallel-pilot/shared/api/load.ts';
import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import { type Outlook, queueEnds } from './outlook.ts';

/** More than that nobody brings. */
const MOST_WORKERS = 100;

/**
 * What would end the queue by a time: the fewest workers that do, and the latest time from which they are enough.
 * `speed`: what one of them does in a millisecond, which is what a present one does on the average; null where none is there.
 */
export function adviceOn(outlook: Outlook, by: number, speed: number | null): LoadAdvice {
  if (outlook.waitingMs <= 0) return { type: 'nothing-waits' };
  const alone = queueEnds(outlook);
  if (alone !== null && alone <= by) return { type: 'in-time', endsAt: alone, by };
  if (speed === null || speed <= 0) return { type: 'no-worker', by };
  const ends = (workers: number, from: number): boolean => {
    const end = queueEnds(outlook, { speed: speed * workers, from });
    return end !== null && end <= by;
  };
  if (!ends(MOST_WORKERS, outlook.now)) return { type: 'too-much', endsAt: alone, by };
  const workers = least(1, MOST_WORKERS, (count) => ends(count, outlook.now));
  const first = quarterOf(outlook.now) + QUARTER_MS;
  const starts = Math.max(0, Math.floor((by - first) / QUARTER_MS));
  // The later they come, the less they do: of the starts the last one that is still enough.
  const late = least(0, starts + 1, (quarters) => !ends(workers, first + quarters * QUARTER_MS));
  const from = late === 0 ? outlook.now : first + (late - 1) * QUARTER_MS;
  return { type: 'more-workers', workers, from, by, endsAt: alone };
}

/** The least whole number of these for which it holds, where it holds for the last and for all after the first such. */
function least(from: number, to: number, holds: (value: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
