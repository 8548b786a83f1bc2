import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';
import type { StagePlan } from '../kind.ts';

/** A value for `pilot.param(name, default)`. */
export const Parameter = z.union([z.number(), z.boolean(), z.string().max(1_000)]);
export type Parameter = z.infer<typeof Parameter>;

/** Parts of one training's data. */
export const MOST_SHARDS = 256;

/** Addresses in a gang go by rank. */
const MOST_MEMBERS = 128;

const Column = z.string().min(1).max(200);

/** How a training is split, merged and ended. Every field has a default, so a user may send none. */
export const TrainingSettings = strictObject({
  /** Of mode ddp, the most workers at once, and the fewest with which it goes on after a loss; null for half of them. */
  workers: z.int().min(1).max(MOST_MEMBERS).default(2),
  minWorkers: z.int().min(1).max(MOST_MEMBERS).nullable().default(null),
  /** Parts of the data, each trained on by one worker at a time. May exceed the number of workers: they queue. */
  shards: z.int().min(1).max(MOST_SHARDS).default(4),
  rounds: z.int().min(1).max(10_000).default(10),
  /** Rows of one step over all shards together; each shard steps with its part of it. */
  batch: z.int().min(1).max(1_000_000).default(32),
  /**
   * `rounds`: a round is so many epochs of the script. `diloco`: it is `innerSteps` steps, with an outer step at its end
   * (DiLoCo, Douillard et al., arXiv 2311.08105). `ddp`: there are no rounds, workers take every step together.
   */
  mode: z.enum(['rounds', 'diloco', 'ddp']).default('rounds'),
  /** Steps of each shard in a round of `diloco`; 500 in the paper. */
  innerSteps: z.int().min(1).max(1_000_000).default(500),
  /** How updates are sent: whole, or as differences in fewer bits with error feedback; see deltas.py. */
  compress: z.enum(['none', 'bf16', 'int8']).default('none'),
  /** Share of the differences that is sent, the largest of them; null sends all. See sparse.py; more would save nothing. */
  sparsify: z.number().min(0.0005).max(0.25).nullable().default(null),
  /** `outer`: a Nesterov step on the averaged change (DiLoCo, arXiv 2311.08105), better over many rounds. */
  merge: z.enum(['average', 'outer']).default('average'),
  /** Of the outer step; null takes what suits the mode, see `mergeOf`. */
  outerLr: z.number().positive().max(10).nullable().default(null),
  outerMomentum: z.number().min(0).max(0.999).nullable().default(null),
  /** Share of the updates that is left out at either end of every weight, against bad ones; 0 keeps all. */
  trim: z.number().min(0).max(0.45).default(0),
  /**
   * The most by which the update of a shard may change the model (L2 norm over all its numbers; a larger one is scaled
   * down), and noise on their sum, as a multiple of that: DP-FedAvg (McMahan et al., arXiv 1710.06963). See privacy.ts.
   */
  clip: z.number().positive().max(1e9).nullable().default(null),
  noise: z.number().min(0).max(1_000).default(0),
  /** Of local data: updates come under masks, and the farm sees their sum alone (secure aggregation); see secure/messages.ts. */
  secure: z.boolean().default(false),
  /** Share of the shards with which a round may close once its deadline has passed. */
  quorum: z.number().min(0.01).max(1).default(0.75),
  /** Seconds a round may take from its first start; null waits for every shard. */
  deadlineSeconds: z
    .number()
    .positive()
    .max(86_400 * 30)
    .nullable()
    .default(null),
  /** Part of the rows kept out of the shards to measure the merged model on. */
  holdout: z.number().min(0).max(0.9).default(0.1),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  /** `speed`: larger shards first, for the workers that were measured to be faster. */
  weighting: z.enum(['even', 'speed']).default('even'),
  /** Rounds without a better metric after which the training ends; null runs all of them. */
  patience: z.int().min(1).max(10_000).nullable().default(null),
  /** The metric that patience looks at; null takes `accuracy`, or else the first that is reported. */
  metric: z.string().min(1).max(32).nullable().default(null),
  /** Null: smaller is better for names such as loss and error, larger for others. */
  goal: z.enum(['max', 'min']).nullable().default(null),
  /** Name of the labels: a column of a .csv, a field of a .jsonl, an array of an .npz; null finds it by its usual names. */
  label: z.string().min(1).max(200).nullable().default(null),
  /** `blocks`: a shard is rows that follow each other, and keeps their order, as sequences need it. */
  split: z.enum(['shuffled', 'blocks']).default('shuffled'),
  /** A column, field or array: rows with one value of it are never in two shards. No part of what the script gets as arrays. */
  group: Column.nullable().default(null),
  /** Which merged models are kept for download beside the best and the newest; `auto`: all while they take little, else each n-th (checkpoints.ts). */
  models: z.enum(['auto', 'all', 'best']).default('auto'),
  /** Of a .csv, what becomes of cells without a value: told and not taken, their rows left out, filled in, or NaN. */
  missing: z.enum(['refuse', 'drop', 'mean', 'zero', 'keep']).default('refuse'),
  /** Columns of a .csv that are left out; "*" for all that hold text. Without a header they are called 1, 2, … */
  drop: z.array(Column).max(1_000).default([]),
  /** Columns of a .csv that become a column of 0 and 1 for each of their values; "*" for all that hold text. */
  encode: z.array(Column).max(1_000).default([]),
  params: z
    .record(z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'expected a name such as lr'), Parameter)
    .default({}),
});
export type TrainingSettings = z.infer<typeof TrainingSettings>;

/**
 * The outer step where none is given. In mode `diloco` from 200 rounds on it is the paper's, 0.7 with a momentum of 0.9
 * (Douillard et al., arXiv 2311.08105, section 3, over hundreds of rounds); a momentum of m is the sum of some 1 / (1 - m)
 * rounds, so in fewer rounds it is as much smaller that these are a twentieth of all. That is a rule of this farm's, as are 1
 * and 0.3 of mode `rounds`: see docs/benchmarks.md, and docs/decisions/0035.
 *
 * Of differences that are sparsified it is 1 and 0: what a shard has not sent yet adds up until it is sent, and stands in the
 * place of a momentum (SparseLoCo, Sarfi et al., arXiv 2508.15706, Algorithm 1).
 */
export function usualOuterStep({
  mode,
  rounds,
  sparsify = null,
}: Pick<TrainingSettings, 'mode' | 'rounds'> & Partial<Pick<TrainingSettings, 'sparsify'>>) {
  if (sparsify !== null) return { lr: 1, momentum: 0 };
  if (mode !== 'diloco') return { lr: 1, momentum: 0.3 };
  const momentum = Math.min(0.9, Math.max(0, 1 - 20 / rounds));
  const rounded = (value: number) => Math.round(value * 1_000) / 1_000;
  return { lr: rounded(1 - momentum / 3), momentum: rounded(momentum) };
}

/** How a round is merged. Mode `diloco` always has an outer step. */
export function mergeOf({
  mode,
  rounds,
  merge,
  outerLr,
  outerMomentum,
  trim,
  compress,
  sparsify,
  clip,
  noise,
}: Pick<
  TrainingSettings,
  | 'mode'
  | 'rounds'
  | 'merge'
  | 'outerLr'
  | 'outerMomentum'
  | 'trim'
  | 'compress'
  | 'sparsify'
  | 'clip'
  | 'noise'
>) {
  const usual = usualOuterStep({ mode, rounds, sparsify });
  return {
    merge: mode === 'diloco' ? ('outer' as const) : merge,
    outerLr: outerLr ?? usual.lr,
    outerMomentum: outerMomentum ?? usual.momentum,
    trim,
    compress,
    sparsify,
    clip,
    noise,
  };
}

/**
 * The merge of one round. The last has no outer step but the mean itself: a step with momentum goes beyond that, which is for
 * the rounds that follow (where they set out from, as Nesterov's look-ahead), and no better model by itself.
 */
export function mergeOfRound(settings: Parameters<typeof mergeOf>[0], round: number) {
  const merge = mergeOf(settings);
  return round < settings.rounds ? merge : { ...merge, outerLr: 1, outerMomentum: 0 };
}

/** What does not go together with sparsified differences; null where all is well. */
export function sparsifyProblem({
  sparsify,
  compress,
  mode,
}: Pick<TrainingSettings, 'sparsify' | 'compress' | 'mode'>): string | null {
  if (sparsify === null) return null;
  if (mode === 'ddp')
    return 'In mode ddp workers hand each other gradients in every step, and no differences: leave sparsify out, or take mode rounds or diloco.';
  return compress === 'none'
    ? 'The largest differences are sent as bf16 or int8: give compress, too, or leave sparsify out.'
    : null;
}

/** Rows of one step of one shard: the global batch divided, but never to a single row, which BatchNorm refuses. */
export const batchPerShard = ({ batch, shards }: Pick<TrainingSettings, 'batch' | 'shards'>): number =>
  Math.max(Math.min(batch, 2), Math.round(batch / shards));

/** Updates with which a round may close after its deadline. */
export const quorumOf = ({ quorum, shards }: Pick<TrainingSettings, 'quorum' | 'shards'>): number =>
  Math.max(1, Math.ceil(quorum * shards - 1e-9));

/** The fewest workers that go on together: half of them, where nobody says. */
export const fewestWorkers = ({
  workers,
  minWorkers,
}: Pick<TrainingSettings, 'workers' | 'minWorkers'>): number =>
  Math.min(workers, minWorkers ?? Math.ceil(workers / 2));

/** When a stage of all shards may go on without some of them. */
export const closing = (
  { deadlineSeconds, quorum }: Pick<TrainingSettings, 'deadlineSeconds' | 'quorum'>,
  shards: number,
  chunks = quorumOf({ quorum, shards }),
): Pick<StagePlan, 'quorum'> =>
  deadlineSeconds === null ? {} : { quorum: { chunks, afterMs: Math.round(deadlineSeconds * 1_000) } };
