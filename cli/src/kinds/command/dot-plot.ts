/** Bits of a braille sign by its dots: two columns of four (Unicode, U+2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** Points as lines of braille signs, `width` and `height` signs large; the smallest x is left, the largest y on top. */
export function dotPlot(
  points: readonly { x: number; y: number }[],
  { width, height }: { width: number; height: number },
): string[] {
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const place = (values: number[], dots: number): ((value: number) => number) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value) =>
      high === low ? Math.floor(dots / 2) : Math.round(((value - low) / (high - low)) * (dots - 1));
  };
  const atX = place(
    points.map(({ x }) => x),
    width * 2,
  );
  const atY = place(
    points.map(({ y }) => y),
    height * 4,
  );
  for (const { x, y } of points) {
    const [column, row] = [atX(x), height * 4 - 1 - atY(y)];
    const line = cells[row >> 2];
    if (line !== undefined) line[column >> 1] = (line[column >> 1] ?? 0) | (DOTS[column & 1]?.[row & 3] ?? 0);
  }
  return cells.map((line) => [...line].map((dots) => String.fromCodePoint(0x2800 + dots)).join(''));
}
