import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';

type Progress = JobDetail['progress'][number];
/** One bar on the page. `now` is null while this worker, or this slot of it, does nothing for the job. */
export type Lane = { worker: string; name: string; slot: number; now: Progress | null };

/**
 * The bars after new progress. A worker keeps its bars once it has them, in the
 * same order, and a chunk stays in its bar: nothing jumps while one looks at it.
 */
export function nextLanes(
  lanes: readonly Lane[],
  progress: readonly Progress[],
  slotsOf: (worker: string) => number,
): Lane[] {
  const left = withinSlots(progress, slotsOf);
  const take = (fits: (bar: Progress) => boolean): Progress | null => {
    const index = left.findIndex(fits);
    return index === -1 ? null : (left.splice(index, 1)[0] ?? null);
  };
  const kept = lanes.map((lane) => ({
    ...lane,
    now: take((bar) => bar.worker === lane.worker && bar.ordinal === lane.now?.ordinal),
  }));
  const filled = kept.map((lane) => ({
    ...lane,
    now: lane.now ?? take((bar) => bar.worker === lane.worker),
  }));
  const added = left.map((bar, index): Lane => {
    const before = [...filled, ...left.slice(0, index)].filter((one) => one.worker === bar.worker).length;
    return { worker: bar.worker, name: bar.workerName, slot: before + 1, now: bar };
  });
  return [...filled, ...added].sort(
    (a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }) || a.slot - b.slot,
  );
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
