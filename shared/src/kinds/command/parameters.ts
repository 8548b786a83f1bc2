import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';

/** What a command is run for: once for each, in their order. */

/** As it stands between `{` and `}`, and in capitals behind `PILOT_`. */
export const ParameterName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'expected a name such as seed: letters, digits and _');

/** More than the balancer takes memory for are not one job. */
export const MOST_RUNS = 10_000_000;
/** So many are asked about once more. */
export const MANY_RUNS = 100_000;

const Whole = z.int().min(-1e12).max(1e12);
/** Whole numbers from `first` to `last`, both included where the steps meet it. */
export const NumberRange = strictObject({
  first: Whole,
  last: Whole,
  step: z.int().min(1).max(1e12).default(1),
}).refine(({ first, last }) => first <= last, { error: 'the last number comes before the first' });
export type NumberRange = z.infer<typeof NumberRange>;

/** A parameter's value, as the command sees it. */
const Value = z.string().max(1_000);

export const GridAxis = strictObject({
  name: ParameterName,
  values: z.union([z.array(Value).min(1).max(2_000), NumberRange]),
});
export type GridAxis = z.infer<typeof GridAxis>;

/** What stands in the message of every chunk: characters. */
const MOST_GRID_CHARACTERS = 16_000;
const MOST_TABLE_CHARACTERS = 1_000_000;
export const MOST_ROWS = 10_000;

/** A file that is the input of one run. */
export const EachFile = strictObject({
  path: RelativePath,
  blob: SentBlob,
  size: z.int().nonnegative().default(0),
});

const characters = (value: unknown): number => JSON.stringify(value).length;

export const Parameters = z.discriminatedUnion('from', [
  /** `{index}`: numbers. */
  strictObject({ from: z.literal('array'), range: NumberRange }),
  /** Every combination of the values, the last name changing fastest. */
  strictObject({ from: z.literal('grid'), axes: z.array(GridAxis).min(1).max(16) }).refine(
    (grid) => characters(grid) <= MOST_GRID_CHARACTERS,
    { error: 'the values of a grid are too long; put them into a table' },
  ),
  /** A table: a run for each row, a name for each column. */
  strictObject({
    from: z.literal('table'),
    names: z.array(ParameterName).min(1).max(256),
    rows: z.array(z.array(Value)).min(1).max(MOST_ROWS),
  })
    .refine(({ names, rows }) => rows.every((row) => row.length === names.length), {
      error: 'a row has another number of values than there are names',
    })
    .refine((table) => characters(table) <= MOST_TABLE_CHARACTERS, {
      error:
        'the values of the table are too long together; send it as a file, and have the command read its row',
    }),
  /** `{input}`: a file for each run, which only that run is sent. */
  strictObject({ from: z.literal('files'), files: z.array(EachFile).min(1).max(10_000) }),
]);
export type Parameters = z.infer<typeof Parameters>;

/** Known in every run, whatever it is run for. */
export const OWN_NAMES = ['run', 'runs'] as const;

/** The names that a command may have in braces. */
export function namesOf(parameters: Parameters | null): string[] {
  switch (parameters?.from) {
    case undefined:
      return [];
    case 'array':
      return ['index'];
    case 'grid':
      return parameters.axes.map(({ name }) => name);
    case 'table':
      return parameters.names;
    case 'files':
      return ['input'];
    default:
      return parameters satisfies never;
  }
}

/** How many runs they make; it may be more than MOST_RUNS. */
export function countRuns(parameters: Parameters | null): number {
  switch (parameters?.from) {
    case undefined:
      return 1;
    case 'array':
      return lengthOf(parameters.range);
    case 'grid':
      return parameters.axes.reduce((product, { values }) => product * lengthOf(values), 1);
    case 'table':
      return parameters.rows.length;
    case 'files':
      return parameters.files.length;
    default:
      return parameters satisfies never;
  }
}

const lengthOf = (values: string[] | NumberRange): number =>
  Array.isArray(values) ? values.length : Math.floor((values.last - values.first) / values.step) + 1;

const valueAt = (values: string[] | NumberRange, at: number): string =>
  Array.isArray(values) ? (values[at] ?? '') : String(values.first + at * values.step);

/**
 * The part of the parameters that stands once for all runs, and is sent with every chunk. The rows of a table and the
 * files of each run are part of the chunks instead, see `ownOfRuns`.
 */
export const SharedParameters = z.discriminatedUnion('from', [
  z.object({ from: z.literal('array'), range: NumberRange }),
  z.object({ from: z.literal('grid'), axes: z.array(GridAxis) }),
  z.object({ from: z.literal('table'), names: z.array(ParameterName) }),
  z.object({ from: z.literal('files') }),
]);
export type SharedParameters = z.infer<typeof SharedParameters>;

export function sharedOf(parameters: Parameters | null): SharedParameters | null {
  if (parameters === null) return null;
  if (parameters.from === 'table') return { from: 'table', names: parameters.names };
  return parameters.from === 'files' ? { from: 'files' } : parameters;
}

/** The values of run `run`, counted from 0, in the order of the names. `own` is what the chunk has of that run alone. */
export function valuesOf(
  shared: SharedParameters | null,
  run: number,
  own: readonly string[],
): Record<string, string> {
  switch (shared?.from) {
    case undefined:
      return {};
    case 'array':
      return { index: valueAt(shared.range, run) };
    case 'grid': {
      const values: [string, string][] = [];
      let rest = run;
      for (const { name, values: of } of shared.axes.toReversed()) {
        const length = lengthOf(of);
        values.unshift([name, valueAt(of, rest % length)]);
        rest = Math.floor(rest / length);
      }
      return Object.fromEntries(values);
    }
    case 'table':
      return Object.fromEntries(shared.names.map((name, column) => [name, own[column] ?? '']));
    case 'files':
      return { input: own[0] ?? '' };
    default:
      return shared satisfies never;
  }
}

/** What chunks have of runs themselves, which nothing tells by their number: of `count` from `first` on. */
export function ownOfRuns(
  parameters: Parameters | null,
  first: number,
  count: number,
): string[][] | undefined {
  if (parameters?.from === 'table') return parameters.rows.slice(first, first + count);
  if (parameters?.from === 'files')
    return parameters.files.slice(first, first + count).map(({ path }) => [path]);
  return undefined;
}

/** What is wrong with the names, as a sentence; null where nothing is. */
export function namesProblem(names: readonly string[]): string | null {
  const seen = new Map<string, string>();
  for (const name of names) {
    const upper = name.toUpperCase();
    const before = seen.get(upper);
    if (before !== undefined)
      return before === name
        ? `The parameter "${name}" is given twice.`
        : `The parameters "${before}" and "${name}" would both be PILOT_${upper} to the command. Rename one.`;
    if (RESERVED.has(upper))
      return `A parameter cannot be called "${name}": PILOT_${upper} means something else.`;
    seen.set(upper, name);
  }
  return null;
}

const RESERVED = new Set(['RUN', 'RUNS', 'RESULTS', 'FILES', 'CPUS', 'CHECKPOINT']);
