/** What a bundle is to take, milliseconds: long against what a lease costs, short against a look of a person. */
export const BUNDLE_MS = 500;
/** So few runs are chunks of their own. */
const FEW_RUNS = 256;
/** Of runs of which nothing is known: those that do nothing fill half a second so. */
const MOST_UNKNOWN = 256;
const MOST_KNOWN = 1_000;

/** Runs of a bundle before any was done: a worker that finds them long does not do all of them. */
export const firstBundle = (runs: number): number =>
  runs <= FEW_RUNS ? 1 : Math.min(MOST_UNKNOWN, Math.ceil(runs / FEW_RUNS));

/** Runs of a bundle, of which each takes about `meanMs`; never so many that few chunks are left to share out. */
export const nextBundle = (runs: number, meanMs: number): number =>
  Math.max(
    1,
    Math.min(MOST_KNOWN, Math.ceil(runs / FEW_RUNS), Math.floor(BUNDLE_MS / Math.max(meanMs, 0.1))),
  );

/** `count` runs from `first` on. */
export type Span = readonly [first: number, count: number];

/** Spans of at most `most` runs that hold the same runs in the same order. */
export function* cut(spans: Iterable<Span>, most: number): Generator<Span> {
  for (const [first, count] of spans)
    for (let at = 0; at < count; at += most) yield [first + at, Math.min(most, count - at)];
}
