import { distance } from 'fastest-levenshtein';
import { OWN_NAMES } from './parameters.ts';

/*
 * The words of a command, of which `{name}` stands for a parameter's value. No shell looks at them: what a value holds
 * is never more than a part of one word. `{{name}}` is "{name}" itself; braces around anything but a name are as they
 * are: '{print $1}'.
 */

const PLACE = /\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The words with every `{name}` replaced by its value. Names that have none stay as they are. */
export const fillIn = (words: readonly string[], values: Readonly<Record<string, string>>): string[] =>
  words.map((word) =>
    word.replace(PLACE, (all, literal: string | undefined, name: string | undefined) => {
      if (literal !== undefined) return `{${literal}}`;
      return name !== undefined && Object.hasOwn(values, name) ? (values[name] ?? '') : all;
    }),
  );

/** The words in one line, as a shell would have to be told. */
export const asTyped = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w./:=,@%+{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');

/** The names that stand in braces. */
export const namesIn = (words: readonly string[]): string[] => [
  ...new Set(words.flatMap((word) => [...word.matchAll(PLACE)].flatMap(([, , name]) => name ?? []))),
];

/** What is wrong with a command that is run for parameters of these names, as a sentence; null where nothing is. */
export function wordsProblem(words: readonly string[], names: readonly string[]): string | null {
  const [program = ''] = words;
  if (program === '') return 'There is no command. Give it after --, for instance: -- python3 sim.py';
  if (/^[A-Za-z_]\w*=/.test(program))
    return `"${program}" is no command. Nothing reads NAME=value before it; use env: env ${program} …`;
  if (words.some((word) => word.includes('\0')))
    return 'A word of the command holds a character of no text (0).';
  const known = [...names, ...OWN_NAMES];
  const unknown = namesIn(words).find((name) => !known.includes(name));
  if (unknown === undefined) return null;
  const [nearest] = known
    .map((name) => ({ name, far: distance(unknown.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  const meant =
    nearest !== undefined && nearest.far <= unknown.length / 2 ? `Did you mean {${nearest.name}}? ` : '';
  const list = known.map((name) => `{${name}}`).join(', ');
  return `There is no parameter {${unknown}}. ${meant}Known are ${list}; write {{${unknown}}} for the word in braces itself.`;
}

/** What a run is told by its environment: its parameters, and which it is. */
export const variablesOf = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`PILOT_${name.toUpperCase()}`, value]));
