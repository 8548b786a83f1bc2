/** One letter for each chunk state, in ordinal order: a grid of 100,000 cells in 100 KB. */
export const STATE_LETTERS = {
  queued: 'q',
  leased: 'l',
  running: 'r',
  done: 'd',
  failed: 'f',
  canceled: 'c',
} as const;
