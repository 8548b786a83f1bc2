import { createPermutation } from './permutation.ts';
import { HELD_OUT, heldOut, type KeyCounts, type RowSplit } from './row-split.ts';

type Question = { counts: KeyCounts; weights: readonly number[]; holdout: number; seed: number };

/** There are too few groups for so many shards. */
export class TooFewGroups extends Error {}

/**
 * Gives every group to one shard whole. Groups in a pseudo-random order are held out while they fit into the part for
 * that, at least one where any is asked for; the others go, the largest first, each to the shard with the fewest rows
 * for its weight (longest processing time first: Graham, Bounds on Multiprocessing Timing Anomalies, 1969; with equal
 * weights the largest shard is at most 4/3 of what it has to be). Throws TooFewGroups.
 */
export function planGroupSplit({ counts, weights, holdout, seed }: Question): RowSplit {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const order = createPermutation(sorted.length, `${seed}\0groups`);
  const groups = sorted.map((_, index) => sorted[order(index)] as [string, number]);
  const rows = groups.reduce((sum, [, count]) => sum + count, 0);
  const shardOf = new Map<string, number>();
  const holdoutRows = holdOut(groups, heldOut(rows, holdout, weights.length), weights.length, shardOf);
  const rest = groups.filter(([group]) => !shardOf.has(group)).sort(([, a], [, b]) => b - a);
  if (rest.length < weights.length || (holdout > 0 && holdoutRows === 0)) throw new TooFewGroups();
  const shardRows = weights.map(() => 0);
  for (const [group, count] of rest) {
    const shard = emptiest(shardRows, weights);
    shardRows[shard] = (shardRows[shard] ?? 0) + count;
    shardOf.set(group, shard);
  }
  return {
    shardRows,
    holdoutRows,
    start: () => (group) => {
      const shard = shardOf.get(group);
      if (shard === undefined) throw new Error('a row has a group that was not counted');
      return shard;
    },
  };
}

/** How many rows the groups have that are held out; the smallest of all where each is too large. */
function holdOut(
  groups: readonly [string, number][],
  wanted: number,
  shards: number,
  shardOf: Map<string, number>,
): number {
  let held = 0;
  let spare = groups.length - shards;
  const take = ([group, count]: [string, number]) => {
    shardOf.set(group, HELD_OUT);
    held += count;
    spare -= 1;
  };
  if (wanted === 0 || spare < 1) return 0;
  for (const group of groups) if (spare > 0 && held + group[1] <= wanted) take(group);
  if (held === 0) take(groups.reduce((least, group) => (group[1] < least[1] ? group : least)));
  return held;
}

/** The one with the fewest rows for its weight; the first of those. */
function emptiest(rows: readonly number[], weights: readonly number[]): number {
  let best = 0;
  for (const [shard, weight] of weights.entries()) {
    if ((rows[shard] ?? 0) / weight < (rows[best] ?? 0) / (weights[best] ?? 1)) best = shard;
  }
  return best;
}
