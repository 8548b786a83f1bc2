import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { type Point, thinned } from './curve-points.ts';

/** Points of each shard that came live, in the order of their x. */
export type LivePoints = ReadonlyMap<number, readonly Point[]>;

type Seen = Pick<JobDetail, 'stage' | 'progress'> & { round: number };

const MOST_LIVE = 2_000;

/** The points after new progress: one for each shard that reported new values. Those of rounds long over go. */
export function addLive(live: LivePoints, { stage, progress, round }: Seen): LivePoints {
  if (stage !== 'train') return live;
  const next = new Map<number, readonly Point[]>();
  for (const [shard, points] of live) {
    const recent = points.filter((point) => point.x > round - 2);
    if (recent.length > 0) next.set(shard, recent.length === points.length ? points : recent);
  }
  for (const { ordinal, fraction, values } of progress) {
    const points = next.get(ordinal) ?? [];
    // The same object again is the same report again.
    if (values === undefined || points.at(-1)?.values === values) continue;
    const x = round - 1 + Math.min(1, Math.max(0, fraction));
    // A shard that begins anew on another worker goes over its own steps again.
    const earlier = points.filter((point) => point.x < x);
    next.set(ordinal, thinned([...earlier, { x, values }], MOST_LIVE));
  }
  return next;
}
