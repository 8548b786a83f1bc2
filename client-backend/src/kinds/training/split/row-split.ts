/** Where a row goes: a shard by its number, or the held-out part. */
export const HELD_OUT = -1;

export type RowSplit = {
  shardRows: number[];
  holdoutRows: number;
  /** Assigns from the first row on: called for every row in the order of the data, with its group, or else its class. */
  start(): (key: string) => number;
};

/** Rows of each class, or of each group; one named '' where there are none. */
export type KeyCounts = ReadonlyMap<string, number>;

/** At least a row where any is asked for, unless the shards need all of them. */
export function heldOut(rows: number, holdout: number, shards: number): number {
  if (holdout === 0) return 0;
  const wanted = Math.max(1, Math.round(rows * holdout));
  return rows - wanted >= shards ? wanted : Math.max(0, Math.min(wanted, rows - shards));
}

/** Whole numbers that sum up to `total`, at least 1 each, as near to the weights as that allows. */
export function sharesOf(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const spare = total - weights.length;
  let passed = 0;
  return weights.map((weight) => {
    const before = Math.round((passed / sum) * spare);
    passed += weight;
    return 1 + Math.round((passed / sum) * spare) - before;
  });
}
