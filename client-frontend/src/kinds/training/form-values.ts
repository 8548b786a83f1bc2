import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { type Parameter, TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { readStartJob } from '@parallel-pilot/shared/kinds/training/start-words.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Sources } from '../../api/submission-state.ts';
import { combinations, countCombinations, inWords, type ParamRow, parseValues, varying } from './params.ts';

/** An emptied number field holds an empty string. */
type Num = number | '';

/** What the form holds. Shares are in percent. */
/** Files beside the script and its data, which the farm has. */
export type Others = {
  moreData: Stored[];
  test: Stored | null;
  code: (Stored & { entry: string }) | null;
};
export type Stored = { blob: string; fileName: string };

export type FormValues = {
  /** Of the job; empty, that of the script. */
  name: string;
  shards: Num;
  rounds: Num;
  mode: TrainingSettings['mode'];
  workers: Num;
  minWorkers: Num;
  innerSteps: Num;
  compress: TrainingSettings['compress'];
  batch: Num;
  merge: 'average' | 'outer';
  outerLr: Num;
  outerMomentum: Num;
  trim: Num;
  quorum: Num;
  deadlineSeconds: Num;
  holdout: Num;
  seed: Num;
  weighting: 'even' | 'speed';
  patience: Num;
  metric: string;
  goal: '' | 'max' | 'min';
  label: string;
  split: TrainingSettings['split'];
  group: string;
  missing: TrainingSettings['missing'];
  /** Names of columns with commas between. */
  drop: string;
  encode: string;
  /** A training and its round, as `job_…@best`; empty, the weights that the script makes, or those of a file. */
  from: string;
  /** Of these all, or the arrays that fit the script. */
  fitting: 'all' | 'some';
  params: ParamRow[];
  others: Others;
};

/** Jobs of one sweep, as many as its page shows side by side. */
export const MOST_JOBS = 50;

/** The farm's own defaults. */
export const firstValues = (): FormValues => valuesOf(TrainingSettings.parse({}));

/** The form for settings that were given before. */
export function valuesOf(own: TrainingSettings): FormValues {
  const percent = (share: number) => Math.round(share * 10_000) / 100;
  return {
    ...own,
    name: '',
    minWorkers: own.minWorkers ?? '',
    others: { moreData: [], test: null, code: null },
    trim: percent(own.trim),
    quorum: percent(own.quorum),
    holdout: percent(own.holdout),
    outerLr: own.outerLr ?? '',
    outerMomentum: own.outerMomentum ?? '',
    deadlineSeconds: own.deadlineSeconds ?? '',
    patience: own.patience ?? '',
    metric: own.metric ?? '',
    goal: own.goal ?? '',
    label: own.label ?? '',
    group: own.group ?? '',
    drop: own.drop.join(', '),
    encode: own.encode.join(', '),
    from: '',
    fitting: 'all',
    params: Object.entries(own.params).map(([name, value]) => ({ name, values: inForm(value) })),
  };
}

/** A value as it is typed: text that would be read as something else stands in quotes. */
const inForm = (value: Parameter): string =>
  typeof value === 'string' && (value.includes(',') || parseValues(value)[0] !== value)
    ? `"${value}"`
    : String(value);

/** The settings as the farm takes them, without parameters; a field left empty is left out. */
function settingsOf(values: FormValues): Record<string, unknown> {
  const {
    params: _,
    name: __,
    others: _____,
    from: ___,
    fitting: ____,
    trim,
    quorum,
    holdout,
    drop,
    encode,
    ...rest
  } = values;
  const share = (percent: Num) => (percent === '' ? '' : percent / 100);
  const all = { ...rest, trim: share(trim), quorum: share(quorum), holdout: share(holdout) };
  const trimmed = Object.entries(all).map(
    ([key, value]) => [key, typeof value === 'string' ? value.trim() : value] as const,
  );
  const settings = Object.fromEntries(trimmed.filter(([, value]) => value !== ''));
  return { ...settings, drop: columnsOf(drop), encode: columnsOf(encode) };
}

const columnsOf = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The jobs to create: one, or one for each combination of the parameters, in one group. */
export function jobsOf(values: FormValues, sources: Sources, group: string): CreateJob[] {
  const settings = settingsOf(values);
  const sets = combinations(values.params);
  const names = varying(sets);
  const given = values.name.trim();
  const start = startOf(values, sources);
  const name = given || (sources.script?.fileName.replace(/\.py$/i, '') ?? 'training');
  return sets.map((params) => {
    const job = {
      kind: 'training',
      ...sources,
      ...start,
      ...values.others,
      settings: { ...settings, params },
    };
    if (sets.length === 1) return CreateJob.parse(given === '' ? job : { ...job, name: given });
    return CreateJob.parse({ ...job, group, name: `${name} ${inWords(params, names)}`.slice(0, 200) });
  });
}

/** What the jobs start from; a file that was given goes before a training that was named. */
function startOf({ from, fitting }: FormValues, sources: Sources): { from?: unknown } {
  const start = sources.from ?? readStartJob(from);
  return start === null ? {} : { from: { ...start, fitting: fitting === 'some' } };
}

const BOUNDS: Partial<Record<keyof FormValues, string>> = {
  workers: 'A whole number from 1 to 128.',
  minWorkers: 'A whole number from 1 to 128, or empty for half of the workers.',
  shards: 'A whole number from 1 to 256.',
  rounds: 'A whole number from 1 to 10,000.',
  batch: 'A whole number from 1 to 1,000,000.',
  innerSteps: 'A whole number from 1 to 1,000,000.',
  outerLr: 'A number above 0, at most 10, or empty for what suits the mode.',
  outerMomentum: 'A number from 0 to 0.999, or empty for what suits the mode.',
  trim: 'From 0 to 45 %.',
  quorum: 'From 1 to 100 %.',
  deadlineSeconds: 'A number above 0, or empty to wait for every shard.',
  holdout: 'From 0 to 90 %.',
  seed: 'A whole number from 0 to 2,147,483,647.',
  patience: 'A whole number from 1 to 10,000, or empty to run all rounds.',
  metric: 'At most 32 characters.',
  label: 'At most 200 characters.',
  group: 'At most 200 characters.',
};

const OPTIONAL = new Set<string>([
  'minWorkers',
  'outerLr',
  'outerMomentum',
  'deadlineSeconds',
  'patience',
  'metric',
  'goal',
  'label',
  'group',
]);

/** A sentence for each field that the farm would refuse, by its path in the form. */
export function problemsOf(values: FormValues): Record<string, string> {
  const problems: Record<string, string> = {};
  const settings = settingsOf(values);
  for (const [field, sentence] of Object.entries(BOUNDS)) {
    const schema = TrainingSettings.shape[field as keyof TrainingSettings];
    const value = settings[field];
    if (value === undefined ? !OPTIONAL.has(field) : !schema.safeParse(value).success) {
      problems[field] = sentence;
    }
  }
  const { mode, workers, minWorkers } = values;
  if (mode === 'ddp' && workers !== '' && minWorkers !== '' && minWorkers > workers)
    problems.minWorkers ??= 'No more than the workers.';
  if (values.name.trim().length > 200) problems.name = 'At most 200 characters.';
  const start = readStartJob(values.from);
  if (values.from.trim() !== '' && !JobId.safeParse(start?.job).success)
    problems.from = 'A training such as job_…, job_…@last or job_…@12.';
  for (const [index, row] of values.params.entries()) {
    const { name, values: text } = row;
    if (name.trim() === '' && text.trim() === '') continue;
    const taken = values.params.slice(0, index).some((other) => other.name.trim() === name.trim());
    if (!/^[A-Za-z_]\w{0,63}$/.test(name.trim())) {
      problems[`params.${index}.name`] = 'A name such as lr: letters, digits and _.';
    } else if (taken) {
      problems[`params.${index}.name`] = 'This name is there already.';
    }
    if (parseValues(text).length === 0)
      problems[`params.${index}.values`] = 'A value, or several with commas.';
  }
  const count = countCombinations(values.params);
  if (count > MOST_JOBS) {
    problems.params = `These would be ${count.toLocaleString('en')} jobs. A sweep has at most ${MOST_JOBS}.`;
  }
  return problems;
}

/** Fields that a refusal of the farm names, "settings.rounds: …", with what it says of them. */
export function refusedFields(message: string): Record<string, string> {
  const found = message.matchAll(/(?:^|[\s(])settings\.(\w+)[\w.]*: ([^.]+(?:\.\d[^.]*)*\.)/g);
  return Object.fromEntries([...found].map(([, field = '', why = '']) => [field, why]));
}
