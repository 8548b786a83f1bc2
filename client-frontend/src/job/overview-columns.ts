/** What must not be overlooked comes first; the rest is decided by the majority. */
const LOUD = ['f', 'r'] as const;

/**
 * A letter for each of `width` columns that stands for the cells that fall into
 * it: failed or running where any of them is, else the most frequent state.
 */
export function overviewColumns(letters: string, width: number): string[] {
  return Array.from({ length: width }, (_, x) => {
    const from = Math.floor((x * letters.length) / width);
    const to = Math.max(from + 1, Math.floor(((x + 1) * letters.length) / width));
    return columnOf(letters.slice(from, to));
  });
}

function columnOf(cells: string): string {
  const loud = LOUD.find((letter) => cells.includes(letter));
  if (loud !== undefined) return loud;
  const counts = new Map<string, number>();
  for (const letter of cells) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'q';
}
