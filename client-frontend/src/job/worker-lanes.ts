import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';

type Progress = JobDetail['progress'][number];
/**
 * One bar on the page. `now` is null while this worker, or this slot of it, does
 * nothing for the job; `last` is then the chunk it ended, and when, ms since 1970.
 */
export type Lane = {
  worker: string;
  name: string;
  slot: number;
  now: Progress | null;
  last: { chunk: Progress; endedAt: number } | null;
  /** Its chunks told values: there is room for them even while a new chunk has none yet. */
  measures: boolean;
};

/**
 * The bars after new progress. A worker keeps its bars once it has them, in the
 * same order, and a chunk stays in its bar: nothing jumps while one looks at it.
 */
export function nextLanes(
  lanes: readonly Lane[],
  progress: readonly Progress[],
  slotsOf: (worker: string) => number,
  at: number,
): Lane[] {
  const left = withinSlots(progress, slotsOf);
  const take = (fits: (bar: Progress) => boolean): Progress | null => {
    const index = left.findIndex(fits);
    return index === -1 ? null : (left.splice(index, 1)[0] ?? null);
  };
  const kept = lanes.map((before) => ({
    before,
    now: take((bar) => bar.worker === before.worker && bar.ordinal === before.now?.ordinal),
  }));
  const filled = kept.map(({ before, now }) =>
    moved(before, now ?? take((bar) => bar.worker === before.worker), at),
  );
  const added = left.map((bar, index): Lane => {
    const before = [...filled, ...left.slice(0, index)].filter((one) => one.worker === bar.worker).length;
    return {
      worker: bar.worker,
      name: bar.workerName,
      slot: before + 1,
      now: bar,
      last: null,
      measures: bar.values !== undefined,
    };
  });
  return [...filled, ...added].sort(
    (a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }) || a.slot - b.slot,
  );
}

function moved(before: Lane, now: Progress | null, at: number): Lane {
  if (now !== null)
    return { ...before, now, last: null, measures: before.measures || now.values !== undefined };
  if (before.now === null) return before;
  return { ...before, now, last: { chunk: { ...before.now, fraction: 1, detail: '' }, endedAt: at } };
}

/** Between two short chunks a worker has nothing to report for a moment: that is not waiting yet. */
const WAITS_AFTER_MS = 1_500;

/** What a bar shows: its chunk, or for a moment the one that ended, full; null when its worker waits. */
export function shownChunk({ now, last }: Lane, at: number): Progress | null {
  if (now !== null) return now;
  return last !== null && at - last.endedAt < WAITS_AFTER_MS ? last.chunk : null;
}

/** When the next of the bars that show an ended chunk says that its worker waits, ms since 1970; null when none does. */
export function nextWaiting(lanes: readonly Lane[], at: number): number | null {
  const ahead = lanes
    .flatMap(({ now, last }) => (now === null && last !== null ? last.endedAt + WAITS_AFTER_MS : []))
    .filter((due) => due > at);
  return ahead.length === 0 ? null : ahead.reduce((a, b) => Math.min(a, b));
}

/**
 * The next chunk's progress may come before word that the last one is done: of
 * more bars than a worker has slots the newest are kept.
 */
function withinSlots(progress: readonly Progress[], slotsOf: (worker: string) => number): Progress[] {
  const taken = new Map<string, number>();
  const order = progress.toSorted((a, b) => Number(a.fraction < 1) - Number(b.fraction < 1)).toReversed();
  const kept = order.filter(({ worker }) => {
    const count = (taken.get(worker) ?? 0) + 1;
    taken.set(worker, count);
    return count <= Math.max(1, slotsOf(worker));
  });
  return kept.toReversed();
}

/** "Worker attic", or "Worker attic, slot 2" for a worker that does several chunks at once. */
export const laneLabel = (lane: Pick<Lane, 'name' | 'slot'>): string =>
  lane.slot === 1 ? `Worker ${lane.name}` : `Worker ${lane.name}, slot ${lane.slot}`;
