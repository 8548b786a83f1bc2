import type { Parameter } from '@parallel-pilot/shared/kinds/training/settings.ts';

/** A row of the form: a name, and one value or several with commas between them. */
export type ParamRow = { name: string; values: string };

/** What a script gets: a number or true and false where it reads as one, else the text; in quotes it is text in any case. */
export function parseValue(text: string): Parameter {
  const trimmed = text.trim();
  const quoted = /^(["'])(.*)\1$/s.exec(trimmed);
  if (quoted !== null) return quoted[2] ?? '';
  if (/^true$/i.test(trimmed)) return true;
  if (/^false$/i.test(trimmed)) return false;
  const number = Number(trimmed);
  return trimmed !== '' && /^[-+.\d]/.test(trimmed) && Number.isFinite(number) ? number : trimmed;
}

/** The values of a row: "0.1, 0.01" are two, and commas in quotes divide nothing. */
export function parseValues(text: string): Parameter[] {
  const parts = text.match(/(?:"[^"]*"|'[^']*'|[^,])+/g) ?? [];
  return parts.filter((part) => part.trim() !== '').map(parseValue);
}

/** One set of parameters for each combination of the rows' values; the last row changes fastest. Of rows of one name the last counts. */
export function combinations(rows: readonly ParamRow[]): Record<string, Parameter>[] {
  return rows
    .filter(({ name }) => name.trim() !== '')
    .reduce<Record<string, Parameter>[]>(
      (sets, { name, values }) =>
        sets.flatMap((set) => parseValues(values).map((value) => ({ ...set, [name.trim()]: value }))),
      [{}],
    );
}

/** How many jobs the rows make, without making them. */
export const countCombinations = (rows: readonly ParamRow[]): number =>
  rows
    .filter(({ name }) => name.trim() !== '')
    .reduce((count, { values }) => count * parseValues(values).length, 1);

/** Names of the parameters that are not the same in all of these sets. */
export function varying(sets: readonly Record<string, Parameter>[]): string[] {
  const names = new Set(sets.flatMap((set) => Object.keys(set)));
  return [...names].filter((name) => sets.some((set) => set[name] !== sets[0]?.[name]));
}

/** "lr=0.1 depth=3" */
export const inWords = (set: Record<string, Parameter>, names: readonly string[]): string =>
  names.flatMap((name) => (name in set ? [`${name}=${set[name]}`] : [])).join(' ');
