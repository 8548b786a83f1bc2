import { MOST_CLASSES } from '@parallel-pilot/shared/kinds/training/stages.ts';

/** Texts by their code points, as Python sorts them: JavaScript's own order is that of UTF-16. */
export function byCodePoint(a: string, b: string): number {
  for (let at = 0; ; ) {
    const [one, other] = [a.codePointAt(at), b.codePointAt(at)];
    if (one !== other) return (one ?? -1) - (other ?? -1);
    if (one === undefined) return 0;
    at += one > 0xffff ? 2 : 1;
  }
}

export type LabelType = 'text' | 'whole' | 'measured';

/** The distinct labels as classes in their order; null where they are none. The same as in pilot_data.py. */
export function classesOf(labels: readonly string[], type: LabelType): string[] | null {
  if (type === 'text') return labels.toSorted(byCodePoint);
  if (type === 'measured' || labels.length > MOST_CLASSES) return null;
  return labels.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}
