import type { RowSource, Watch } from './row-source.ts';

/** More labels than these are measurements, and not worth their memory. */
const MOST_STRATA = 10_000;
/** A last column that merely may hold labels is taken for them when it has no more different values than these. */
const MOST_GUESSED = 100;

/** Rows, and how many there are of each label; null where rows have no labels, or nearly each its own. */
export type Counted = { rows: number; strata: Map<string, number> | null };

/** Counts rows by label, in memory bounded by the number of labels that are of use. */
export async function countRows(source: RowSource, watch: Watch): Promise<Counted> {
  const most = source.guessed ? MOST_GUESSED : MOST_STRATA;
  let strata: Map<string, number> | null = new Map();
  let rows = 0;
  for await (const batch of source.labels(watch)) {
    rows += batch.length;
    if (strata !== null && !count(strata, batch, most)) strata = null;
  }
  if (rows === 0 || strata === null) return { rows, strata: null };
  // Half of the rows alone with their label: these are no classes.
  return { rows, strata: source.guessed && strata.size > rows / 2 ? null : strata };
}

/** False when these are no classes. */
function count(strata: Map<string, number>, labels: (string | null)[], most: number): boolean {
  for (const label of labels) {
    if (label === null) return false;
    strata.set(label, (strata.get(label) ?? 0) + 1);
    if (strata.size > most) return false;
  }
  return true;
}
