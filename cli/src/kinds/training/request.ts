import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { z } from 'zod';
import { type Params, type ReadParams, readParams, type SweepFlags } from './params.ts';

/** The options of `pilot train` that say how to train, as typed. */
export type TrainFlags = SweepFlags & {
  workers?: number;
  minWorkers?: string;
  shards?: string;
  rounds?: string;
  mode?: string;
  innerSteps?: string;
  compress?: string;
  sparsify?: string;
  batch?: string;
  merge?: string;
  outerLr?: string;
  outerMomentum?: string;
  trim?: string;
  clip?: string;
  noise?: string;
  secure?: boolean;
  quorum?: string;
  strict?: boolean;
  deadline?: string;
  holdout?: string;
  seed?: string;
  weighting?: string;
  patience?: string;
  metric?: string;
  goal?: string;
  models?: string;
  label?: string;
  split?: string;
  group?: string;
  missing?: string;
  drop?: string[];
  encode?: string[];
  param?: string[];
  sweep?: string[];
};

type Settings = z.input<typeof TrainingSettings>;
/** What the options say; `sweep` where several trainings are to be made. */
export type TrainRequest = {
  settings: Omit<Settings, 'params'>;
  params: Params;
  sweep: Extract<ReadParams, { ok: true }>['sweep'];
};
export type ReadFlags = { ok: true; request: TrainRequest } | { ok: false; message: string };

type Read = (text: string) => unknown;
type Option = {
  of: Exclude<
    keyof TrainFlags,
    'param' | 'sweep' | 'strict' | 'secure' | 'drop' | 'encode' | 'workers' | keyof SweepFlags
  >;
  field: keyof Settings;
  read: Read;
  say: string;
};

const number: Read = (text) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text);
const text: Read = (typed) => typed;
const word: Read = (text) => text.toLowerCase();
const share: Read = (text) => (/^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : number(text));
const SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };
const time: Read = (text) => {
  const [, digits = '', unit = ''] = /^(\d+\.?\d*|\.\d+)\s*([smhd]?)$/i.exec(text) ?? [];
  return digits === '' ? text : Number(digits) * (SECONDS[unit.toLowerCase()] ?? 1);
};

// The bounds are the schema's; here stands how they are said.
const OPTIONS: Option[] = [
  { of: 'minWorkers', field: 'minWorkers', read: number, say: 'a whole number from 1 to 128' },
  { of: 'shards', field: 'shards', read: number, say: 'a whole number from 1 to 256' },
  { of: 'rounds', field: 'rounds', read: number, say: 'a whole number from 1 to 10,000' },
  { of: 'mode', field: 'mode', read: word, say: 'rounds, diloco or ddp' },
  { of: 'innerSteps', field: 'innerSteps', read: number, say: 'a whole number from 1 to 1,000,000' },
  { of: 'compress', field: 'compress', read: word, say: 'none, bf16 or int8' },
  {
    of: 'sparsify',
    field: 'sparsify',
    read: share,
    say: 'a share from 0.0005 to 0.25, or a percentage such as 1%',
  },
  { of: 'batch', field: 'batch', read: number, say: 'a whole number from 1 to 1,000,000' },
  { of: 'merge', field: 'merge', read: word, say: 'average or outer' },
  { of: 'outerLr', field: 'outerLr', read: number, say: 'a number above 0, at most 10' },
  { of: 'outerMomentum', field: 'outerMomentum', read: number, say: 'a number from 0 to 0.999' },
  { of: 'trim', field: 'trim', read: share, say: 'a share from 0 to 0.45, or a percentage such as 20%' },
  {
    of: 'clip',
    field: 'clip',
    read: number,
    say: 'a number above 0: the largest change of the model by one shard',
  },
  { of: 'noise', field: 'noise', read: number, say: 'a number from 0 to 1,000, as a multiple of --clip' },
  { of: 'quorum', field: 'quorum', read: share, say: 'a share from 0.01 to 1, or a percentage such as 75%' },
  {
    of: 'deadline',
    field: 'deadlineSeconds',
    read: time,
    say: 'a time up to 30 days, such as 90, 10m or 2h',
  },
  { of: 'holdout', field: 'holdout', read: share, say: 'a share from 0 to 0.9, or a percentage such as 10%' },
  { of: 'seed', field: 'seed', read: number, say: 'a whole number from 0 to 2,147,483,647' },
  { of: 'weighting', field: 'weighting', read: word, say: 'even or speed' },
  { of: 'patience', field: 'patience', read: number, say: 'a whole number from 1 to 10,000' },
  { of: 'metric', field: 'metric', read: text, say: 'the name of a metric, of at most 32 characters' },
  { of: 'goal', field: 'goal', read: word, say: 'max or min' },
  { of: 'label', field: 'label', read: text, say: 'the name of the labels in the data' },
  { of: 'split', field: 'split', read: word, say: 'shuffled or blocks' },
  { of: 'group', field: 'group', read: text, say: 'the name of a column, a field or an array' },
  { of: 'missing', field: 'missing', read: word, say: 'refuse, drop, mean, zero or keep' },
  { of: 'models', field: 'models', read: word, say: 'auto, all or best' },
];

/** Turns the options into a request, or into a sentence about the first that cannot be. Pure. */
export function readFlags(flags: TrainFlags): ReadFlags {
  const settings: Record<string, unknown> = {};
  for (const { of, field, read, say } of OPTIONS) {
    const typed = flags[of];
    if (typed === undefined) continue;
    const value = TrainingSettings.shape[field].safeParse(read(typed.trim()));
    if (!value.success) return { ok: false, message: `--${kebab(of)} ${typed}: write ${say}.` };
    settings[field] = value.data;
  }
  const together = readTogether(flags, settings);
  if (together !== null) return { ok: false, message: together };
  if (flags.strict === true) {
    if (flags.quorum !== undefined) {
      return { ok: false, message: '--strict asks for every shard, --quorum for fewer: give one of them.' };
    }
    settings.quorum = 1;
  }
  if (flags.secure === true) settings.secure = true;
  for (const field of ['drop', 'encode'] as const) {
    if (flags[field] !== undefined) settings[field] = flags[field];
  }
  const read = readParams(flags.param ?? [], flags.sweep ?? [], flags, settings);
  if (!read.ok) return read;
  const { params, sweep } = read;
  // What is not given is left to the farm.
  return { ok: true, request: { settings: settings as TrainRequest['settings'], params, sweep } };
}

/** What belongs to a mode; gives back a sentence about what does not. */
function readTogether(flags: TrainFlags, settings: Record<string, unknown>): string | null {
  if (settings.mode !== 'ddp')
    return flags.minWorkers === undefined
      ? null
      : '--min-workers is for --mode ddp, where workers train together.';
  const other = (
    [
      'shards',
      'merge',
      'trim',
      'clip',
      'noise',
      'secure',
      'quorum',
      'deadline',
      'weighting',
      'patience',
      'compress',
      'sparsify',
      'innerSteps',
    ] as const
  ).find((name) => flags[name] !== undefined);
  if (other !== undefined)
    return `--${kebab(other)} is for --mode rounds: in --mode ddp there is one model, which all workers train together.`;
  if (flags.workers !== undefined) settings.workers = flags.workers;
  return null;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
