/** How the cells of a grid of chunks are laid out. Sizes in CSS pixels. */
export type GridLayout = {
  columns: number;
  rows: number;
  /** Side of a cell. */
  cell: number;
  gap: number;
  /** Cells are large enough to carry their number. */
  numbered: boolean;
};

/** Few chunks get large numbered cells, many small ones, so that the whole job is in view as long as it can be. */
export function gridLayout(count: number, width: number): GridLayout {
  const numbered = count <= 360;
  const cell = numbered ? 36 : count <= 2_000 ? 18 : 12;
  const gap = numbered ? 4 : cell === 18 ? 3 : 2;
  const columns = Math.max(1, Math.floor((width + gap) / (cell + gap)));
  return { columns, rows: Math.ceil(count / columns), cell, gap, numbered };
}

export type GridKey =
  | 'ArrowLeft'
  | 'ArrowRight'
  | 'ArrowUp'
  | 'ArrowDown'
  | 'Home'
  | 'End'
  | 'PageUp'
  | 'PageDown';
const KEYS: readonly string[] = [
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  'Home',
  'End',
  'PageUp',
  'PageDown',
];
export const isGridKey = (key: string): key is GridKey => KEYS.includes(key);

/** The cell that a key moves to from `from`; the same one at an edge. */
export function moveInGrid(key: GridKey, from: number, count: number, columns: number): number {
  const by = stepOf(key, from, count, columns);
  const to = from + by;
  if (Math.abs(by) === columns && (to < 0 || to >= count)) return from;
  return Math.max(0, Math.min(count - 1, to));
}

const PAGE_ROWS = 10;

function stepOf(key: GridKey, from: number, count: number, columns: number): number {
  switch (key) {
    case 'ArrowLeft':
      return -1;
    case 'ArrowRight':
      return 1;
    case 'ArrowUp':
      return -columns;
    case 'ArrowDown':
      return columns;
    case 'PageUp':
      return -columns * PAGE_ROWS;
    case 'PageDown':
      return columns * PAGE_ROWS;
    case 'Home':
      return -from;
    case 'End':
      return count - 1 - from;
    default:
      return key satisfies never;
  }
}
