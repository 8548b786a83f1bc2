import type { ChunkId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';

/** An update by the L2 norm of its difference to the weights at the start, and the attempt that made it. */
export type Change = { chunk: ChunkId; lease: LeaseId | null; change: number };

/** The attempt of a chunk that was named before, and how much it changed. */
export type Named = Readonly<Record<ChunkId, { lease: string; change: number }>>;

const MOST_TIMES = 10;
/** Two runs of one script on one shard may differ a little where threads or a GPU add up in another order. */
const ALIKE = 2;

/**
 * Of three and more updates of a round, those that change the weights far more
 * than the others do, with how many times as much. A worker that goes wrong
 * makes such updates, but so does an honest one of a model that has converged:
 * its hardest shard still moves when the others stand still. So an update is
 * named once; when another attempt made it again and it is like it was, its
 * data is the reason, and it counts.
 */
export function outliers(changes: readonly Change[], named: Named): (Change & { times: number })[] {
  if (changes.length < 3) return [];
  const median = medianOf(changes.map(({ change }) => change));
  if (median === 0) return [];
  return changes.flatMap((one) =>
    one.change <= MOST_TIMES * median || isAlike(one, named[one.chunk])
      ? []
      : [{ ...one, times: one.change / median }],
  );
}

const isAlike = ({ lease, change }: Change, before: Named[ChunkId] | undefined): boolean =>
  before !== undefined &&
  lease !== before.lease &&
  Number.isFinite(change) &&
  change <= before.change * ALIKE &&
  before.change <= change * ALIKE;

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
