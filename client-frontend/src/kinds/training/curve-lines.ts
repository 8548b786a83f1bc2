import type { Curves } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { ChartLine } from '../../components/chart-options.ts';
import type { Point } from './curve-points.ts';

/** A line of the chart of one metric; `shard` is null for the merged model. */
export type MetricLine = ChartLine & { shard: number | null; name: string };

/** More shards than this share one colour. */
export const MOST_COLORS = 8;

/** The lines of one metric: the shards in their order, and the merged model last, over them. */
export function linesOf(curves: Curves, metric: string): MetricLine[] {
  const many = curves.lines.filter((line) => line.shard !== null).length > MOST_COLORS;
  return curves.lines
    .map(({ shard, points }): MetricLine => {
      const strong = shard === null;
      const own = many || shard === null ? 8 : (shard % MOST_COLORS) + 1;
      return {
        key: shard === null ? 'merged' : `shard ${shard}`,
        shard,
        name: shard === null ? 'Merged model' : `Shard ${shard + 1}`,
        color: strong ? '--brand' : `--curve-${own}`,
        strong,
        ...seriesOf(points, metric),
      };
    })
    .filter((line) => line.xs.length > 0)
    .sort((a, b) => (a.shard ?? Number.POSITIVE_INFINITY) - (b.shard ?? Number.POSITIVE_INFINITY));
}

type Series = { xs: number[]; ys: number[] };
// What was fetched stays the same list until it is fetched again.
const known = new WeakMap<readonly Point[], Map<string, Series>>();

function seriesOf(points: readonly Point[], metric: string): Series {
  const before = known.get(points)?.get(metric);
  if (before !== undefined) return before;
  const series: Series = { xs: [], ys: [] };
  for (const { x, values } of points) {
    const y = values[metric];
    if (y === undefined) continue;
    series.xs.push(x);
    series.ys.push(y);
  }
  const own = known.get(points) ?? new Map<string, Series>();
  known.set(points, own.set(metric, series));
  return series;
}

/** A line's value at or last before x; its newest where x is null, undefined where it has not begun. */
export function valueAt({ xs, ys }: Pick<ChartLine, 'xs' | 'ys'>, x: number | null): number | undefined {
  if (x === null) return ys.at(-1);
  let from = 0;
  let to = xs.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((xs[middle] ?? 0) <= x + 1e-9) from = middle + 1;
    else to = middle;
  }
  return ys[from - 1];
}
