import { LONGEST_LABEL } from '../data/layout.ts';
import { byCodePoint } from './labels.ts';
import { BadData } from './problems.ts';
import type { RowSource, Watch } from './row-source.ts';
import type { KeyCounts } from './row-split.ts';

/** More labels than these are measurements, and not worth their memory; more texts are no labels. */
const MOST_STRATA = 10_000;
/** A last column that merely may hold labels is taken for them when it has no more different values than these. */
const MOST_GUESSED = 100;

/** Rows, and how many there are of each label; null where rows have no labels, or nearly each its own. */
export type Counted = {
  rows: number;
  strata: Map<string, number> | null;
  /** The distinct labels, where every row has one and they are not too many. */
  labels: string[] | null;
};

/** Counts rows by label, in memory bounded by the number of labels that are of use. Throws BadData for too many texts. */
export async function countRows(source: RowSource, watch: Watch): Promise<Counted> {
  const counts = new Map<string, number>();
  let rows = 0;
  let unlabelled = false;
  for await (const batch of source.labels(watch)) {
    rows += batch.length;
    for (const label of batch) {
      if (label !== null && label.length > LONGEST_LABEL) throw tooLong(source);
      if (label === null) unlabelled = true;
      else if (counts.size <= MOST_STRATA) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }
  // What is measured on may have a class of its own.
  const others = new Set<string>();
  if (source.test !== null) {
    for await (const batch of source.test.labels(watch)) {
      for (const label of batch) if (label !== null && others.size <= MOST_STRATA) others.add(label);
    }
  }
  if (source.test?.fileName != null) checkLabels(source, counts, others);
  if (rows === 0 || unlabelled) return { rows, strata: null, labels: null };
  if (counts.size > MOST_STRATA) {
    if (source.labelType() === 'text') throw tooMany(source);
    return { rows, strata: null, labels: null };
  }
  // Half of the rows alone with their label: these are no classes.
  const few = !source.guessed || (counts.size <= MOST_GUESSED && counts.size <= rows / 2);
  return { rows, strata: few ? counts : null, labels: [...new Set([...counts.keys(), ...others])] };
}

/** Different groups, and their characters, that are held while rows are assigned. */
const MOST_GROUPS = 1_000_000;
const MOST_GROUP_CHARACTERS = 32 * 1024 ** 2;

/** Counts rows by group, in bounded memory. Throws BadData. */
export async function countGroups({ groups, fileName }: RowSource, watch: Watch): Promise<KeyCounts> {
  const counts = new Map<string, number>();
  let characters = 0;
  for await (const batch of groups?.(watch) ?? []) {
    for (const group of batch) {
      const count = counts.get(group);
      if (count === undefined) characters += group.length;
      if (characters > MOST_GROUP_CHARACTERS || counts.size > MOST_GROUPS) {
        throw new BadData(
          `The groups of "${fileName}" are more than ${MOST_GROUPS.toLocaleString('en')}, or too long. Leave the group out: rows that are nearly each a group of their own need none.`,
        );
      }
      counts.set(group, (count ?? 0) + 1);
    }
  }
  return counts;
}

/** Names of classes that nothing was trained on would be no index that the model knows. */
function checkLabels(
  source: RowSource,
  counts: ReadonlyMap<string, number>,
  others: ReadonlySet<string>,
): void {
  if (source.test?.rows === 0) throw new BadData(`"${source.test.fileName}" has no rows to measure on.`);
  if (source.labelType() !== 'text' || counts.size > MOST_STRATA) return;
  const unknown = [...others].filter((label) => !counts.has(label)).sort(byCodePoint);
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 5).map((label) => `"${label.slice(0, 60)}"`);
  const more = unknown.length > 5 ? ` and ${(unknown.length - 5).toLocaleString('en')} more` : '';
  throw new BadData(
    `"${source.test?.fileName}" has ${unknown.length === 1 ? 'a label' : 'labels'} that "${source.fileName}" does not have: ${shown.join(', ')}${more}.`,
  );
}

const tooLong = ({ fileName }: RowSource): BadData =>
  new BadData(
    `A label of "${fileName}" is a text of more than ${LONGEST_LABEL.toLocaleString('en')} characters, which is too long for a class. Name the label if it is another.`,
  );

const tooMany = ({ fileName }: RowSource): BadData =>
  new BadData(
    `The labels of "${fileName}" are more than ${MOST_STRATA.toLocaleString('en')} different texts, which is too many for classes. Name the label if it is another.`,
  );
