export type Tail = { add(line: string): void; lines(): readonly string[]; text(): string; clear(): void };

/** Keeps the last lines of a log: at most `maxLines`, and at most `maxChars` characters in all. */
export function createTail(maxLines = 200, maxChars = 16_384): Tail {
  let kept: string[] = [];
  let first = 0;
  let chars = 0;

  const drop = (): void => {
    chars -= (kept[first]?.length ?? 0) + 1;
    first += 1;
    // Shifting an array per line is slow in a flood; cutting it now and then is not.
    if (first < maxLines) return;
    kept = kept.slice(first);
    first = 0;
  };
  const lines = (): string[] => kept.slice(first);

  return {
    add(line) {
      const short = line.length < maxChars ? line : `${line.slice(0, maxChars - 2)}…`;
      kept.push(short);
      chars += short.length + 1;
      while (kept.length - first > maxLines || chars > maxChars) drop();
    },
    lines,
    text: () => lines().join('\n'),
    clear() {
      kept = [];
      first = 0;
      chars = 0;
    },
  };
}
