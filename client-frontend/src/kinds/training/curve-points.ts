import type { Curves } from '@parallel-pilot/shared/kinds/training/view.ts';

export type Line = Curves['lines'][number];
export type Point = Line['points'][number];

/** Points kept of a line; where there are more, every second one goes. */
export const MOST_POINTS = 10_000;

/** The round after which curves have to be asked for again: the last one may have been under way. */
export function knownRounds(curves: Curves | undefined): number {
  const ends = curves?.lines.map((line) => line.points.at(-1)?.x ?? 0) ?? [];
  return Math.max(0, Math.ceil(ends.reduce((a, b) => Math.max(a, b), 0)) - 1);
}

/** The curves known before with what was answered for the time after that round, which replaces what was known of it. */
export function mergeCurves(before: Curves | undefined, after: number, more: Curves): Curves {
  if (before === undefined || after === 0) return more;
  const shards = new Set([...before.lines, ...more.lines].map((line) => line.shard));
  const pointsOf = (curves: Curves, shard: number | null) =>
    curves.lines.find((line) => line.shard === shard)?.points ?? [];
  return {
    names: [...new Set([...before.names, ...more.names])],
    lines: [...shards].map((shard) => {
      const known = pointsOf(before, shard).filter((point) => point.x <= after);
      return { shard, points: thinned([...known, ...pointsOf(more, shard)], MOST_POINTS) };
    }),
  };
}

/** At most that many points: every second one is left out while there are more, but never the last. */
export function thinned(points: Point[], most: number): Point[] {
  let kept = points;
  while (kept.length > most) kept = kept.filter((_, index) => (kept.length - 1 - index) % 2 === 0);
  return kept;
}

/** The curves with what came live after the last point of each shard. */
export function withLive(curves: Curves, live: ReadonlyMap<number, readonly Point[]>): Curves {
  if (live.size === 0) return curves;
  const names = new Set(curves.names);
  const shards = new Set([...curves.lines.map((line) => line.shard), ...live.keys()]);
  const lines = [...shards].map((shard): Line => {
    const points = curves.lines.find((line) => line.shard === shard)?.points ?? [];
    const end = points.at(-1)?.x ?? -1;
    const fresh = shard === null ? [] : (live.get(shard) ?? []).filter((point) => point.x > end);
    for (const point of fresh.slice(-1)) for (const name of Object.keys(point.values)) names.add(name);
    return { shard, points: fresh.length === 0 ? points : [...points, ...fresh] };
  });
  return { names: [...names], lines };
}

/** Names of metrics as they are shown: loss and accuracy first. */
export function shownNames(names: readonly string[]): string[] {
  const first = ['loss', 'accuracy'].filter((name) => names.includes(name));
  return [...first, ...names.filter((name) => !first.includes(name))];
}
