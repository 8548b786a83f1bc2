import type { PlotLine } from './align-lines.ts';

/** Pixels of a bucket. */
const BUCKET_PX = 4;
/** Shares of the buckets 0, 1, 2 and 3 away: a local mean over about 20 pixels. */
const WEIGHTS = [4, 3, 2, 1] as const;

/**
 * A line as it is drawn over a chart `width` pixels wide whose x goes from 0 to
 * `end`: one with several points to a bucket as its local mean, since a band of
 * noise hides what it is about and the lines behind it. All lines of a chart have
 * the same buckets, and so the same x. Others stay the same object.
 */
export function localMean(line: PlotLine, end: number, width: number): PlotLine {
  const buckets = Math.max(1, Math.floor(width / BUCKET_PX));
  const covered = (((line.xs.at(-1) ?? 0) - (line.xs[0] ?? 0)) / end) * buckets;
  if (line.xs.length < 2 * Math.max(covered, 10)) return line;
  const sums = new Float64Array(buckets);
  const counts = new Uint32Array(buckets);
  for (const [index, x] of line.xs.entries()) {
    const bucket = Math.min(buckets - 1, Math.floor((x / end) * buckets));
    sums[bucket] = (sums[bucket] ?? 0) + (line.ys[index] ?? 0);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const mean: { xs: number[]; ys: number[] } = { xs: [], ys: [] };
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (counts[bucket] === 0) continue;
    mean.xs.push(((bucket + 0.5) / buckets) * end);
    mean.ys.push(around(sums, counts, bucket));
  }
  return mean;
}

/** The weighted mean of the points in the buckets around one. */
function around(sums: Float64Array, counts: Uint32Array, bucket: number): number {
  let sum = 0;
  let weight = 0;
  // At the start, where lines fall steeply, no farther ahead than back. At its end a line is nearly flat.
  const reach = Math.min(WEIGHTS.length - 1, bucket);
  for (let by = -reach; by <= reach; by++) {
    const share = WEIGHTS[Math.abs(by)] ?? 0;
    sum += share * (sums[bucket + by] ?? 0);
    weight += share * (counts[bucket + by] ?? 0);
  }
  return sum / weight;
}
