import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { countRuns, MANY_RUNS, type Parameters } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { readTable } from '@parallel-pilot/shared/kinds/command/read-table.ts';
import { CommandSettings } from '@parallel-pilot/shared/kinds/command/settings.ts';
import { submissionProblem } from '@parallel-pilot/shared/kinds/command/spec.ts';
import { readArray, readAxis, type Typed } from '@parallel-pilot/shared/kinds/command/typed-parameters.ts';
import { readCodes, readFolder, readTime } from '@parallel-pilot/shared/kinds/command/typed-settings.ts';
import type { Sources } from '../../api/submission-state.ts';
import { formatCount } from '../../components/format.ts';
import type { Elsewhere, Typed as TypedFields, Where } from './elsewhere.ts';
import { filesLike } from './file-groups.ts';
import type { Place } from './places.ts';
import { splitWords } from './split-words.ts';

/** An emptied number field holds an empty string. */
type Num = number | '';

/** What the form holds, as typed. */
export type FormValues = {
  command: string;
  source: 'once' | 'array' | 'grid' | 'table' | 'files';
  array: string;
  /** An axis on each line. */
  grid: string;
  /** Paths of the table, and the group of files that are inputs; empty for the first there is. */
  table: string;
  each: string;
  gather: '' | 'own' | NonNullable<CommandSettings['gather']>;
  /** A command of one's own that puts results together. */
  gatherBy: string;
  checkpoint: string;
  time: string;
  retries: Num;
  giveUpOn: string;
  chunk: Num;
  name: string;
  /** What another kind asks of where it runs. */
  elsewhere: TypedFields;
  /** So many runs are meant. */
  many: boolean;
};

export const firstValues = (): FormValues => ({
  command: '',
  source: 'once',
  array: '1-100',
  grid: '',
  table: '',
  each: '',
  gather: '',
  gatherBy: '',
  checkpoint: '',
  time: '',
  retries: 0,
  giveUpOn: '',
  chunk: '',
  name: '',
  elsewhere: {},
  many: false,
});

type Field = keyof Filled['problems'];

/** What the values come to. `problems` are sentences by field; only without one there is a job. */
export type Filled = {
  problems: Partial<Record<keyof Omit<FormValues, 'elsewhere'>, string>>;
  /** Where it runs; null for the machines of the workers themselves. */
  where: Where | null;
  /** The files that go along. */
  along: readonly Place[];
  words: string[];
  parameters: Parameters | null;
  settings: CommandSettings;
  runs: number;
};

/** Reads the form as `pilot run` reads its options. `table` is the text of the chosen one, null while it is not there. */
export function readForm(
  values: FormValues,
  given: readonly Place[],
  table: string | null,
  elsewhere: Elsewhere | null = null,
): Filled {
  const where = elsewhere?.read(values.elsewhere, given) ?? null;
  const places = where === null ? given : given.filter(({ path }) => !where.takes(path));
  const problems: Filled['problems'] = {};
  const told = <T>(field: Field, typed: Typed<T>): T | null => {
    if (typed.ok) return typed.value;
    problems[field] = typed.message;
    return null;
  };
  const words = told('command', splitWords(values.command)) ?? [];
  const parameters = parametersOf(values, { places, table, told });
  const runs = countRuns(parameters);
  const settings: unknown = {
    gather: values.gather === '' || values.gather === 'own' ? null : values.gather,
    gatherBy: values.gather === 'own' ? told('gatherBy', ownWords(values.gatherBy)) : null,
    checkpoint: values.checkpoint.trim() === '' ? null : told('checkpoint', readFolder(values.checkpoint)),
    timeSeconds: values.time.trim() === '' ? null : told('time', readTime(values.time)),
    retries: values.retries === '' ? 0 : values.retries,
    noRetry: values.giveUpOn.trim() === '' ? [] : (told('giveUpOn', readCodes(values.giveUpOn)) ?? []),
    chunk: values.chunk === '' ? null : values.chunk,
  };
  const checked = CommandSettings.safeParse(settings);
  for (const { path } of checked.error?.issues ?? []) {
    if (path[0] === 'retries') problems.retries = 'A whole number from 0 to 100.';
    if (path[0] === 'chunk') problems.chunk = 'A whole number from 1 to 10,000, or empty.';
  }
  if (values.name.trim().length > 200) problems.name = 'At most 200 characters.';
  if (Object.keys(problems).length === 0) {
    const files = parameters?.from === 'files' ? [] : places;
    const sent = { words, parameters, files };
    const problem = submissionProblem(sent);
    const ofSettings = checked.success ? submissionProblem({ ...sent, settings: checked.data }) : null;
    if (problem !== null) problems[/^That makes/.test(problem) ? 'source' : 'command'] = problem;
    else if (ofSettings !== null)
      problems[/checkpoint/i.test(ofSettings) ? 'checkpoint' : 'gatherBy'] = ofSettings;
    else if (runs > MANY_RUNS && !values.many)
      problems.many = `That makes ${formatCount(runs)} runs. Say that you mean it.`;
  }
  const asked = checked.data ?? CommandSettings.parse({});
  return { problems, where, along: places, words, parameters, settings: asked, runs };
}

const ownWords = (typed: string): Typed<string[]> =>
  typed.trim() === '' ? refuse('Write the command, such as python3 collect.py.') : splitWords(typed);

type Reading = {
  places: readonly Place[];
  table: string | null;
  told<T>(field: Field, typed: Typed<T>): T | null;
};

function parametersOf(values: FormValues, { places, table, told }: Reading): Parameters | null {
  switch (values.source) {
    case 'once':
      return null;
    case 'array': {
      const range = told('array', readArray(values.array));
      return range && { from: 'array', range };
    }
    case 'grid': {
      const lines = values.grid.split('\n').filter((line) => line.trim() !== '');
      if (lines.length === 0)
        told('grid', refuse('Write a parameter on each line, such as lr=0.1,0.01 or seed=1..20.'));
      const axes = lines.map((line) => told('grid', readAxis(line)));
      return axes.length > 0 && axes.every((axis) => axis !== null) ? { from: 'grid', axes } : null;
    }
    case 'table': {
      const path = tableOf(values, places);
      if (path === null)
        return told('table', refuse('None of the files is a .csv. Give one with the others.'));
      return table === null ? null : told('table', readTable(path, table));
    }
    case 'files': {
      const files = filesLike(values.each, places);
      if (files.length === 0) return told('each', refuse('Give files to run it for.'));
      // What they are called on the farm is known when they are there.
      return {
        from: 'files',
        files: files.map(({ path, size }) => ({ path, size, blob: '' })),
      } as unknown as Parameters;
    }
    default:
      return values.source satisfies never;
  }
}

/** The table that is chosen, or the first there is. */
export function tableOf({ table }: Pick<FormValues, 'table'>, places: readonly Place[]): string | null {
  const tables = tablesIn(places);
  return tables.includes(table) ? table : (tables[0] ?? null);
}

export const tablesIn = (places: readonly Place[]): string[] =>
  places.map(({ path }) => path).filter((path) => /\.csv$/i.test(path));

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });

/** The job, once its files are on the farm. */
export function jobOf(values: FormValues, filled: Filled, sources: Sources): CreateJob {
  const { words, parameters, settings, along: places } = filled;
  const own = parameters?.from === 'files' ? parameters.files.map(({ path }) => path as string) : [];
  const blobOf = (part: string) => sources[part]?.blob ?? '';
  const [each, along] = [true, false].map((isOwn) =>
    places.filter(({ path }) => own.includes(path) === isOwn),
  ) as [Place[], Place[]];
  const name = values.name.trim();
  return CreateJob.parse({
    ...(filled.where === null ? { kind: 'command' } : filled.where.request(blobOf)),
    words,
    files: along.map(({ path, part }) => ({
      path,
      blob: blobOf(part),
      executable: isCalled(words, path) || isCalled(settings.gatherBy ?? [], path),
    })),
    parameters:
      parameters?.from === 'files'
        ? { from: 'files', files: each.map(({ path, part }) => ({ path, blob: blobOf(part) })) }
        : parameters,
    settings,
    many: values.many,
    ...(name === '' ? {} : { name }),
  });
}

/** A browser does not tell what may be run: what is called by its path is. */
const isCalled = ([program = '']: readonly string[], path: string): boolean =>
  program === path || program === `./${path}`;
