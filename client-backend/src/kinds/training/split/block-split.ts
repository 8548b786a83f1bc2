import { HELD_OUT, heldOut, type RowSplit, sharesOf } from './row-split.ts';

type Question = { rows: number; weights: readonly number[]; holdout: number };

/** Shards of rows that follow each other, in proportion to `weights`; the last rows are held out. */
export function planBlockSplit({ rows, weights, holdout }: Question): RowSplit {
  const holdoutRows = heldOut(rows, holdout, weights.length);
  const shardRows = sharesOf(weights, rows - holdoutRows);
  return {
    shardRows,
    holdoutRows,
    start() {
      let shard = 0;
      let left = shardRows[0] ?? 0;
      return () => {
        while (left === 0 && shard < shardRows.length) {
          shard += 1;
          left = shardRows[shard] ?? 0;
        }
        left -= 1;
        return shard < shardRows.length ? shard : HELD_OUT;
      };
    },
  };
}
