import { createPermutation, type Permutation } from './permutation.ts';
import { HELD_OUT, heldOut, type KeyCounts, type RowSplit, sharesOf } from './row-split.ts';

type Question = { counts: KeyCounts; weights: readonly number[]; holdout: number; seed: number };

/**
 * Says of every row which shard it belongs to, from the size of each class
 * alone. A pseudo-random order gives each row a place within its class. The
 * first places of a class are held out; the others, class after class, are
 * assigned to the shards in turns in proportion to `weights`. So every part has
 * its share of every class, whatever the order of the data.
 */
export function planStratifiedSplit({ counts, weights, holdout, seed }: Question): RowSplit {
  const classes = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = classes.reduce((sum, [, count]) => sum + count, 0);
  const holdoutRows = heldOut(rows, holdout, weights.length);
  const trainRows = rows - holdoutRows;
  const turns = turnsOf(weights, trainRows);
  let before = 0;
  let trainRowsBefore = 0;
  const places = classes.map(([label, count]) => {
    // Rounded at the ends of the classes, so that small ones have their turn and the sum is right.
    const held =
      rows === 0
        ? 0
        : Math.round(((before + count) * holdoutRows) / rows) - Math.round((before * holdoutRows) / rows);
    const place = { label, count, held, from: trainRowsBefore };
    before += count;
    trainRowsBefore += count - held;
    return place;
  });
  return {
    shardRows: rowsOf(turns, weights.length, trainRows),
    holdoutRows,
    start() {
      const state = new Map<string, { next: number; held: number; from: number; order: Permutation }>();
      for (const { label, count, held, from } of places) {
        state.set(label, { next: 0, held, from, order: createPermutation(count, `${seed}\0${label}`) });
      }
      return (label) => {
        const own = state.get(label);
        if (own === undefined) throw new Error('a row has a label that was not counted');
        const place = own.order(own.next);
        own.next += 1;
        if (place < own.held) return HELD_OUT;
        return turns[(own.from + place - own.held) % turns.length] as number;
      };
    },
  };
}

const MOST_TURNS = 4_096;

/** Shards in an order in which each comes as often as its weight says, evenly spread (smooth weighted round robin, as in nginx). */
function turnsOf(weights: readonly number[], trainRows: number): number[] {
  const even = weights.every((weight) => weight === weights[0]);
  if (even || trainRows < weights.length) return weights.map((_, shard) => shard);
  const shares = sharesOf(weights, Math.min(MOST_TURNS, trainRows));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const credit = shares.map(() => 0);
  return Array.from({ length: total }, () => {
    let best = 0;
    for (const [shard, share] of shares.entries()) {
      credit[shard] = (credit[shard] ?? 0) + share;
      if ((credit[shard] ?? 0) > (credit[best] ?? 0)) best = shard;
    }
    credit[best] = (credit[best] ?? 0) - total;
    return best;
  });
}

function rowsOf(turns: readonly number[], shards: number, trainRows: number): number[] {
  const rows = Array<number>(shards).fill(0);
  const rounds = Math.floor(trainRows / turns.length);
  for (const [index, shard] of turns.entries()) {
    rows[shard] = (rows[shard] ?? 0) + rounds + (index < trainRows % turns.length ? 1 : 0);
  }
  return rows;
}
