const PLACE = /\{\{(.*?)\}\}/gs;
const REFERENCE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;

/** What stands in a text for something else, without blanks: "Param.Message". */
export const referencesIn = (text: string): string[] =>
  [...text.matchAll(PLACE)].map(([, inner = '']) => inner.trim());

/** Why a reference cannot be, as a sentence without its end; null where it can. `known` are those there are. */
export function referenceProblem(reference: string, known: ReadonlySet<string>): string | null {
  if (!REFERENCE.test(reference)) return `{{${reference}}} is an expression; only names are supported there`;
  return known.has(reference) ? null : `{{${reference}}} is not known here`;
}

/** With the values in their places; others stay. */
export const filledIn = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replace(PLACE, (whole, inner: string) => values.get(inner.trim()) ?? whole);
