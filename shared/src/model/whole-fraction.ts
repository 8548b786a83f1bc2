/** The part of the whole job that a stage is, 0 to 1. */
export type Span = { from: number; to: number };

/** How much of the whole job is done, 0 to 1. `underWay`: how much of the chunks at work is done, in chunks. */
export function wholeFraction({ from, to }: Span, total: number, done: number, underWay: number): number {
  const share = total === 0 ? 0 : Math.min(1, (done + underWay) / total);
  return Math.min(1, from + (to - from) * share);
}
