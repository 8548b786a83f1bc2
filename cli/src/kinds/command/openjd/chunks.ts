/** How values that are whole numbers are put together (TASK_CHUNKING): so many at most, and only neighbours or not. */
export type Chunking = { count: number; isContiguous: boolean };

/** Chunks of about the same size, each as a range: "1-4" of neighbours, also of one ("7-7"); else such as "1-5:2,9". */
export function inChunks(values: readonly number[], { count, isContiguous }: Chunking): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  const spans = isContiguous ? neighbours(sorted) : [sorted];
  return spans.flatMap((span) => {
    const chunks = Math.ceil(span.length / count);
    return Array.from({ length: chunks }, (_, index) => {
      const [from, to] = [index, index + 1].map((at) => Math.ceil((span.length * at) / chunks));
      const own = span.slice(from, to);
      return isContiguous ? `${own[0]}-${own.at(-1)}` : rangeOf(own);
    });
  });
}

function neighbours(sorted: readonly number[]): number[][] {
  const spans: number[][] = [];
  for (const value of sorted) {
    const last = spans.at(-1);
    if (last?.at(-1) === value - 1) last.push(value);
    else spans.push([value]);
  }
  return spans;
}

/** Three and more at the same distance are a range. */
function rangeOf(sorted: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] ?? 0;
    const step = (sorted[at + 1] ?? first) - first;
    let end = at + 1;
    while (end < sorted.length && sorted[end] === first + step * (end - at)) end += 1;
    const isRange = end - at >= 3;
    const last = sorted[end - 1];
    parts.push(isRange ? `${first}-${last}${step === 1 ? '' : `:${step}`}` : String(first));
    at = isRange ? end : at + 1;
  }
  return parts.join(',');
}
