import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { OF_ROUNDS } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import { type Parameter, TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { readStartJob } from '@parallel-pilot/shared/kinds/training/start-words.ts';
import { MOST_RUNS, Sweep, sweepProblem } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { LentName } from '@parallel-pilot/shared/model/lent-data.ts';
import type { Sources } from '../../api/submission-state.ts';
import { parseValues, readRow, readRows } from './params.ts';
import { type SweepValues, sweepOf } from './sweep-values.ts';

/** An emptied number field holds an empty string. */
type Num = number | '';

/** What the form holds. Shares are in percent. */
/** Files beside the script and its data, which the farm has. */
export type Others = {
  moreData: Stored[];
  test: Stored | null;
  code: (Stored & { entry: string }) | null;
  /** A requirements.txt or pyproject.toml, and a .zip of wheels. */
  requirements: Stored | null;
  wheels: Stored | null;
};
export type Stored = { blob: string; fileName: string };

export type FormValues = SweepValues & {
  /** Of the job; empty, that of the script. */
  name: string;
  shards: Num;
  rounds: Num;
  mode: TrainingSettings['mode'];
  workers: Num;
  minWorkers: Num;
  innerSteps: Num;
  overlap: Num;
  compress: TrainingSettings['compress'];
  sparsify: Num;
  batch: Num;
  merge: 'average' | 'outer';
  outerLr: Num;
  outerMomentum: Num;
  trim: Num;
  clip: Num;
  noise: Num;
  /** What the farm gets of local data: each update, or their sum. */
  updates: 'each' | 'sum';
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
  others: Others;
  /** The name under which workers lend data of their own; empty, none. */
  localData: string;
  /** The Python that workers have to have, such as 3.11; empty, any. */
  python: string;
};

/** The farm's own defaults. */
export const firstValues = (): FormValues => valuesOf(TrainingSettings.parse({}));

/** The form for settings that were given before. */
export function valuesOf(own: TrainingSettings): FormValues {
  const percent = (share: number) => Math.round(share * 10_000) / 100;
  return {
    ...own,
    name: '',
    updates: own.secure ? 'sum' : 'each',
    minWorkers: own.minWorkers ?? '',
    others: { moreData: [], test: null, code: null, requirements: null, wheels: null },
    python: '',
    localData: '',
    ...NO_SWEEP,
    trim: percent(own.trim),
    quorum: percent(own.quorum),
    holdout: percent(own.holdout),
    sparsify: own.sparsify === null ? '' : percent(own.sparsify),
    clip: own.clip ?? '',
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

const NO_SWEEP = { sweepMode: '', runs: '', concurrent: '', reductionFactor: '', minRounds: '' } as const;

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
    python: ___________,
    localData,
    sweepMode: ______,
    runs: _______,
    concurrent: ________,
    reductionFactor: _________,
    minRounds: __________,
    updates,
    sparsify,
    trim,
    quorum,
    holdout,
    drop,
    encode,
    ...rest
  } = values;
  const share = (percent: Num) => (percent === '' ? '' : percent / 100);
  // Of another mode it is not shown.
  const overlap = rest.mode === 'diloco' ? rest.overlap : 0;
  const all = { ...rest, overlap, trim: share(trim), quorum: share(quorum), holdout: share(holdout) };
  // Of what is sent whole the form does not ask it.
  const sparse = isCompressed(values) ? { sparsify: share(sparsify) } : {};
  const trimmed = Object.entries({ ...all, ...sparse }).map(
    ([key, value]) => [key, typeof value === 'string' ? value.trim() : value] as const,
  );
  const hidden = new Set<string>(rest.mode === 'ddp' ? [...OF_ROUNDS, 'clip', 'noise'] : []);
  const settings = Object.fromEntries(trimmed.filter(([key, value]) => value !== '' && !hidden.has(key)));
  // Of what workers lend each is a shard.
  const lends = localData.trim() !== '';
  const lent = { ...(lends ? { shards: null } : {}), secure: lends && updates === 'sum' };
  return { ...settings, ...lent, drop: columnsOf(drop), encode: columnsOf(encode) };
}

export const isCompressed = ({ mode, compress }: FormValues): boolean =>
  mode !== 'ddp' && compress !== 'none';

const columnsOf = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The job to create, or the several of a sweep, which the farm makes of one request. */
export function jobOf(values: FormValues, sources: Sources): CreateJob {
  const { params } = readRows(values.params);
  const sweep = sweepOf(values);
  const name = values.name.trim();
  return CreateJob.parse({
    kind: 'training',
    ...sources,
    ...startOf(values, sources),
    ...values.others,
    python: values.python.trim() || null,
    localData: values.localData.trim() || null,
    settings: { ...settingsOf(values), params },
    ...(sweep === null ? {} : { sweep }),
    ...(name === '' ? {} : { name }),
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
  overlap: 'A whole number; 0 sends an update when all steps are made.',
  outerLr: 'A number above 0, at most 10, or empty for what suits the mode.',
  outerMomentum: 'A number from 0 to 0.999, or empty for what suits the mode.',
  trim: 'From 0 to 45 %.',
  sparsify: 'From 0.05 to 25 %, or empty for all.',
  clip: 'A number above 0, or empty for none.',
  noise: 'From 0 to 1,000.',
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
  'sparsify',
  'clip',
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
  if (values.localData.trim() !== '') {
    delete problems.shards;
    if (!LentName.safeParse(values.localData.trim()).success)
      problems.localData = 'A name such as wards: letters, digits, _, - and .';
    if (values.updates === 'sum' && values.clip === '')
      problems.clip ??= 'A number above 0: what nobody can look at has to be bounded.';
  }
  const { mode, workers, minWorkers } = values;
  if (mode === 'ddp' && workers !== '' && minWorkers !== '' && minWorkers > workers)
    problems.minWorkers ??= 'No more than the workers.';
  const { innerSteps, overlap } = values;
  if (mode === 'diloco' && innerSteps !== '' && overlap !== '' && overlap >= innerSteps)
    problems.overlap ??= 'Less than the steps of a round.';
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
    const read = readRow(row);
    if ('problem' in read) problems[`params.${index}.values`] = read.problem;
  }
  return { ...problems, ...sweepProblems(values, settings, problems) };
}

/** What is wrong with the sweep, where the fields that it is made of are right. */
function sweepProblems(
  values: FormValues,
  settings: Record<string, unknown>,
  before: Record<string, string>,
): Record<string, string> {
  const sweep = sweepOf(values);
  if (sweep === null) return {};
  const problems: Record<string, string> = {};
  for (const [field, sentence] of Object.entries(SWEEP_BOUNDS)) {
    const name = field as keyof typeof SWEEP_BOUNDS;
    if (values[name] !== '' && !Sweep.shape[name].safeParse(values[name]).success) problems[name] = sentence;
  }
  if (Object.keys({ ...before, ...problems }).length > 0) return problems;
  const { params } = readRows(values.params);
  const of = TrainingSettings.safeParse({ ...settings, params }).data;
  const problem =
    of === undefined ? null : sweepProblem(sweep, of.mode === 'ddp' ? { ...of, rounds: 1 } : of);
  return problem === null ? {} : { params: problem };
}

const SWEEP_BOUNDS = {
  runs: `A whole number from 2 to ${MOST_RUNS}.`,
  concurrent: `A whole number from 1 to ${MOST_RUNS}.`,
  reductionFactor: 'A whole number from 2 to 10.',
  minRounds: 'A whole number from 1 to 10,000.',
};

/** Fields that a refusal of the farm names, "settings.rounds: …", with what it says of them. */
export function refusedFields(message: string): Record<string, string> {
  const found = message.matchAll(/(?:^|[\s(])settings\.(\w+)[\w.]*: ([^.]+(?:\.\d[^.]*)*\.)/g);
  return Object.fromEntries([...found].map(([, field = '', why = '']) => [field, why]));
}
