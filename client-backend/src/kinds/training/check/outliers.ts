import type { ChunkId } from '@parallel-pilot/shared/model/ids.ts';

/** An update by the L2 norm of its difference to the weights at the start. */
export type Change = { chunk: ChunkId; change: number };

const MOST_TIMES = 10;
/** Two runs of one script on one shard may differ a little where threads or a GPU add up in another order. */
const ALIKE = 2;
const MOST_SUSPECTS = 4_096;

/**
 * Of three and more updates of a round, those that change the weights far more
 * than the others do, with how many times as much. A worker that goes wrong
 * makes such updates, but so does an honest one of a model that has converged:
 * its hardest shard still moves when the others stand still. So an update is
 * named once; when it was made again and is like it was, its data is the
 * reason, and it counts. `suspects` remembers, within bounds; when it forgets,
 * an update is made once more than it had to be.
 */
export function outliers(
  changes: readonly Change[],
  suspects: Map<ChunkId, number>,
): { chunk: ChunkId; times: number }[] {
  if (changes.length < 3) return [];
  const median = medianOf(changes.map(({ change }) => change));
  if (median === 0) return [];
  return changes.flatMap(({ chunk, change }) => {
    if (change <= MOST_TIMES * median || isAlike(change, suspects.get(chunk))) return [];
    remember(suspects, chunk, change);
    return [{ chunk, times: change / median }];
  });
}

const isAlike = (change: number, before: number | undefined): boolean =>
  before !== undefined && Number.isFinite(change) && change <= before * ALIKE && before <= change * ALIKE;

function remember(suspects: Map<ChunkId, number>, chunk: ChunkId, change: number): void {
  const oldest = suspects.keys().next().value;
  if (suspects.size >= MOST_SUSPECTS && oldest !== undefined) suspects.delete(oldest);
  suspects.set(chunk, change);
}

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
