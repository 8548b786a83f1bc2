import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';

type Progress = JobDetail['progress'][number];
/** One bar on the page. `now` is null while this worker, or this slot of it, does nothing for the job. */
export type Lane = { worker: string; name: string; slot: number; now: Progress | null };

/**
 * The bars after new progress. A worker keeps its bars once it has them, in the
 * same order, and a chunk stays in its bar: nothing jumps while one looks at it.
 */
export function nextLanes(lanes: readonly Lane[], progress: readonly Progress[]): Lane[] {
  const left = [...progress];
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

/** "Worker attic", or "Worker attic, slot 2" for a worker that does several chunks at once. */
export const laneLabel = (lane: Pick<Lane, 'name' | 'slot'>): string =>
  lane.slot === 1 ? `Worker ${lane.name}` : `Worker ${lane.name}, slot ${lane.slot}`;
