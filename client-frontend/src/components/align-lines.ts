/** A line of a chart: as many x as y, x rising. */
export type PlotLine = { xs: readonly number[]; ys: readonly number[] };

/** Cells of the aligned table, which bounds what one drawing costs. */
const MOST_CELLS = 400_000;
const FEWEST_COLUMNS = 500;

/**
 * The lines over one common list of x, with null where a line has no point: what
 * uPlot draws. Where the table would be too large, x falls into columns of equal
 * width, narrower than the pixels of a chart, and of a line's points in one column the last stays.
 */
export function alignLines(
  lines: readonly PlotLine[],
  mostCells = MOST_CELLS,
): [number[], ...(number | null)[][]] {
  const columns = Math.max(FEWEST_COLUMNS, Math.floor(mostCells / Math.max(1, lines.length)));
  const points = lines.reduce((sum, line) => sum + line.xs.length, 0);
  // Lines share few of their x, if any: so many points need no closer look.
  const exact = points > columns * 4 ? null : distinctOf(lines);
  const few = exact !== null && exact.length <= columns;
  const xs = few ? exact : columnsOf(lines, columns);
  const place = few ? exactPlace(xs) : columnPlace(xs);
  const rows = lines.map((line) => {
    const row: (number | null)[] = new Array(xs.length).fill(null);
    for (const [index, x] of line.xs.entries()) row[place(x)] = line.ys[index] ?? null;
    return row;
  });
  return [xs, ...rows];
}

function distinctOf(lines: readonly PlotLine[]): number[] {
  const distinct = new Set<number>();
  for (const line of lines) for (const x of line.xs) distinct.add(x);
  return [...distinct].sort((a, b) => a - b);
}

function columnsOf(lines: readonly PlotLine[], columns: number): number[] {
  const ends = lines.flatMap(({ xs }) => (xs.length === 0 ? [] : [xs[0] ?? 0, xs.at(-1) ?? 0]));
  const first = ends.reduce((a, b) => Math.min(a, b));
  const last = ends.reduce((a, b) => Math.max(a, b));
  return Array.from({ length: columns }, (_, index) => first + ((last - first) * index) / (columns - 1));
}

function exactPlace(xs: readonly number[]): (x: number) => number {
  const places = new Map(xs.map((x, index) => [x, index]));
  return (x) => places.get(x) ?? 0;
}

function columnPlace(xs: readonly number[]): (x: number) => number {
  const first = xs[0] ?? 0;
  const wide = ((xs.at(-1) ?? 0) - first) / (xs.length - 1);
  return (x) => Math.round((x - first) / wide);
}
