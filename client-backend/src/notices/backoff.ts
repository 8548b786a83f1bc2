const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** After the first try, the second, …: 28 hours in all. */
const WAITS_MS = [
  10_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
];

/** How long to wait after so many tries that came to nothing; null when it is given up. */
export const waitAfter = (tries: number): number | null => WAITS_MS[tries - 1] ?? null;
