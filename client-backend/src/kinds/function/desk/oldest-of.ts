/** When the first of those that wait began to; infinitely late where none does. */
export function oldestOf(waiting: ReadonlySet<{ since: number }>): number {
  const [first] = waiting;
  return first?.since ?? Number.POSITIVE_INFINITY;
}
