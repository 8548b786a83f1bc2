import { z } from 'zod';
import { BlobHash, StageId } from '../../model/ids.ts';
import { Environment } from '../../packages/packages.ts';
import { StageInput } from '../../protocol/stage-input.ts';
import { LocalReading } from './local-data.ts';
import { Metrics } from './metrics.ts';
import { OpenKeys, SecureTraining, Unmasking } from './secure/messages.ts';
import { MOST_SHARDS, Parameter, TrainingSettings } from './settings.ts';
import { AllShown } from './shown.ts';
import { StageStart, Started } from './start-stage.ts';

/*
 * split -> (environment) -> initialize -> (train r -> merge r) for every round r -> (measure) -> evaluate
 *
 * With secure aggregation a round is train -> shares -> masked -> unmask -> merge; see secure/messages.ts.
 *
 * `split` has no chunks: the backend does it. A worker finds the files of a chunk in its inputs under the
 * names below, and hands back the files named below.
 *
 * Shards have the form of the whole: an .npz of stored entries with the same arrays, a .jsonl, a .zip whose files
 * lie in folders named like their classes. Those of a .csv are a table of numbers, a .npy of float64 with the label
 * in its last column (text as the index of its class): what the cells say is decided once, by the backend. Rows keep
 * the order they have in the whole: `pilot.data` shuffles.
 */

/** Names of input files. The data of a chunk is `data.<ext>`, the held-out part `holdout.<ext>`. */
export const SCRIPT = 'script.py';
/** The files beside the script. */
export const CODE = 'code.zip';
export const WEIGHTS = 'weights.npz';
export const MOMENTUM = 'momentum.npz';
/** What the shard kept in the round before. */
export const KEPT = 'kept.npz';
/** What all shards go on from: what they kept in the round before, merged. */
export const SHARED = 'shared.npz';
/** What `pilot.once` made. */
export const ONCE = 'once.npz';
/** Folder of all shards, where the script makes something of the whole data: `parts/<shard>.<ext>`. */
export const PARTS = 'parts';
/** Folders of the updates and of the states to merge: `updates/<shard>.npz`. */
export const UPDATES = 'updates';
export const STATES = 'states';

/** The names of the classes as a JSON array, where they are too many to stand in every stage. */
export const CLASSES = 'classes.json';

/** Names of result files. */
export const FILES = {
  /** Of `initialize` and `merge`, .npz. */
  weights: 'weights',
  /** Of `train`, .npz: the shard's weights after its training. */
  update: 'update',
  /** Of `masked`: the shard's change under its masks, whole numbers modulo 2^32 (little-endian). */
  masked: 'masked',
  /** Of `merge` in mode `outer`, .npz. */
  momentum: 'momentum',
  /** Of `train`, .npz: what the script keeps from round to round; see pilot_tree.py. One name for each shard, by which it is freed. */
  kept: (shard: number) => `kept-${shard}`,
  /** Of `train`, .npz: what the script keeps to be merged; of `merge`: what that came to. */
  shared: 'shared',
  /** Of `train` and `merge`: what the script shows; see shown.ts. */
  shown: 'shown',
  /** Of `initialize`, .npz: what the script makes once for all shards; see pilot_tree.py. */
  once: 'once',
  /** Of `evaluate`: the model as ONNX. */
  onnx: 'onnx',
  /** Of any of them: all that the script printed, cut at 1 MB. */
  log: 'log',
} as const;

const Count = z.int().nonnegative();

/** More whole numbers than these are measured and no classes; of texts, more stand in a file of their own. */
export const MOST_CLASSES = 1_000;
export const MOST_CLASS_CHARACTERS = 20_000;

/** What the backend made of the data. Kept as the job's decided settings. */
export const TrainingPlan = z.object({
  settings: TrainingSettings,
  rows: Count,
  /** Where the script lies among the files beside it; null for one alone. */
  entry: z.string().nullable().default(null),
  /** Without an input where the script makes or reads its own. Rows of the shards together, and of the held-out part. */
  shards: z
    .array(z.object({ input: StageInput.nullable(), rows: Count }))
    .min(1)
    .max(MOST_SHARDS),
  holdout: z.object({ input: StageInput, rows: Count }).nullable(),
  /** The distinct labels of the whole data in sorted order, where they are classes and few: every stage carries them. */
  classes: z.array(z.string()).max(MOST_CLASSES).nullable(),
  /** Where they are many. */
  classFile: StageInput.nullable().default(null),
  /** All labels are whole numbers. */
  wholeLabels: z.boolean().default(false),
  /** The packages that the script asked for, once they are there. */
  environment: Environment.nullable().default(null),
  /** How the data was read, where that might be another way than meant. */
  reading: z.string().max(2_000).nullable().default(null),
});
export type TrainingPlan = z.infer<typeof TrainingPlan>;

const { compress: Compress, sparsify: Sparsify } = TrainingSettings.shape;

/** What a script may ask of `pilot`, whatever it is run for. */
export const ScriptContext = z.object({
  round: Count,
  rounds: Count,
  /** Epochs of the rounds before. */
  epoch: Count.default(0),
  shards: z.int().positive(),
  /** Rows of one step on one shard. */
  batch: z.int().positive(),
  /** Of all shards together; null in what was planned before it was told. */
  wholeBatch: z.int().positive().nullable().default(null),
  seed: Count,
  params: z.record(z.string(), Parameter),
  label: z.string().nullable(),
  classes: z.array(z.string()).nullable(),
  /** Path of the names among the inputs, where `classes` has no room for them. */
  classFile: z.string().nullable().default(null),
  wholeLabels: z.boolean().default(false),
  /** Path of the script among the files of CODE; null for one alone. */
  entry: z.string().nullable().default(null),
  /** Path of the packages among the inputs; null where it takes what the worker has. */
  packages: z.string().nullable().default(null),
  /** How the script's worker reads the data that its owner lends; null where there is none such. */
  local: LocalReading.nullable().default(null),
  /** The script makes or reads its own data. */
  ownData: z.boolean().default(false),
  /** Whether the script gets its rows in their order. */
  split: TrainingSettings.shape.split,
  deadlineSeconds: z.number().positive().nullable(),
  /** Steps of a round, in mode `diloco`; else null: epochs. */
  innerSteps: z.int().positive().nullable().default(null),
  compress: Compress,
  sparsify: Sparsify,
  /** What `pilot.once` made is among the inputs. */
  once: z.boolean().default(false),
  /** The worker keeps the update to itself, and hands it in under masks. */
  secure: z.boolean().default(false),
  /** Whether rows may be merged by how often they were seen: not where that is to be hidden, or extremes are left out. */
  countsRows: z.boolean().default(true),
  /** How often `pilot.epochs(n)` counts its n. */
  repeats: z.int().positive().default(1),
});
export type ScriptContext = z.infer<typeof ScriptContext>;

/** The best merged model so far, for the metric that patience looks at. */
export const Best = z.object({
  round: z.int().positive(),
  /** The metric that `value` is of; only values of one metric are compared. */
  name: z.string(),
  value: z.number(),
  weights: StageInput,
  /** The merge that made them; null in what was planned before files were freed by name. */
  stage: StageId.nullable().default(null),
});
export type Best = z.infer<typeof Best>;

/** Which shards are missing in how many of the rounds so far, and why the first one was. */
export const MissingShards = z
  .object({
    shards: z.array(z.object({ shard: Count, rounds: Count })).max(MOST_SHARDS),
    why: z.string().nullable(),
  })
  .default({ shards: [], why: null });
export type MissingShards = z.infer<typeof MissingShards>;

/** What shards keep from round to round, by the stage that made it: the shard's newest. */
export const Kept = z.array(
  z.object({
    stage: StageId,
    files: z.array(z.object({ shard: Count, hash: BlobHash, size: Count })).max(MOST_SHARDS),
  }),
);
export type Kept = z.infer<typeof Kept>;

/** What a round hands to the next, beside the weights. */
export const RoundState = z.object({
  momentum: StageInput.nullable(),
  /** What shards keep to be merged, as the newest merge has it. */
  shared: StageInput.nullable().default(null),
  best: Best.nullable(),
  /** Rounds since the best one. */
  roundsWithoutImprovement: Count,
  /** Rounds so far that went on without some of their shards. */
  incompleteRounds: Count.default(0),
  missingShards: MissingShards,
  /** It was told that figures were not finite. */
  toldNotFinite: z.boolean().default(false),
  /** Epochs so far. */
  epochs: Count.default(0),
  kept: Kept.default([]),
  /** With secure aggregation, the stage that made the first weights: by it workers tell trainings apart. */
  series: StageId.nullable().default(null),
  /** What `pilot.once` made, for every round. */
  once: StageInput.nullable().default(null),
});
export type RoundState = z.infer<typeof RoundState>;

export const InitializeSpec = z.object({
  context: ScriptContext,
  /** Weights that somebody gave, in place of those that the script makes. */
  start: StageStart.nullable().default(null),
  /** Paths of all shards among the inputs, where the script names `pilot.once`; else it gets the first shard. */
  parts: z.array(z.string()).default([]),
});
export const TrainSpec = z.object({
  context: ScriptContext,
  /** Null where the farm gets the updates themselves. */
  secure: SecureTraining.nullable().default(null),
  state: RoundState,
  /** What the round starts from. */
  weights: StageInput,
  /** The stage that made it, and the momentum. */
  from: StageId.nullable().default(null),
});
const ShardFile = z.object({ shard: Count, path: z.string(), samples: z.number().positive() });
export const MergeSpec = z.object({
  context: ScriptContext,
  state: RoundState,
  merge: z.object({
    merge: z.enum(['average', 'outer']),
    outerLr: z.number().positive(),
    outerMomentum: z.number().min(0).max(0.999),
    trim: z.number().min(0).max(0.45),
    compress: Compress,
    sparsify: Sparsify,
    /** See settings.ts. `of`: the shards that there are, also those that are missing. */
    clip: z.number().positive().nullable().default(null),
    noise: z.number().min(0).default(0),
    of: z.int().positive().default(1),
  }),
  /** In the order of their shards. `path` is that of the input. */
  updates: z.array(ShardFile).min(1),
  /** What the updates are unmasked with, of secure aggregation; else null. */
  unmasking: Unmasking.nullable().default(null),
  /** What the shards of these updates keep to be merged; of those that keep any. */
  states: z.array(ShardFile).default([]),
  /** Bytes that the round's shards sent, and were sent: weights, and what they keep. */
  bytes: z.object({ sent: Count, received: Count }).nullable().default(null),
  /** Shards that show something, by the place of their chunk. */
  shown: z.array(Count).default([]),
  /** Shards of the round that are not among the updates. */
  missing: z.array(Count),
  /** Metrics of the shards, weighted by their samples: for the list of rounds, not for the merge. */
  shardMetrics: Metrics.default({}),
  /** Path of the held-out data among the inputs; null without. */
  holdout: z.string().nullable(),
  /** The stages that made what is merged, and what the round started from. */
  trained: StageId.nullable().default(null),
  /** The stage that made the masked updates. */
  masked: StageId.nullable().default(null),
  /** Those that made what its shards had kept before. */
  keptBefore: z.array(StageId).default([]),
  from: StageId.nullable().default(null),
});
export const EvaluateSpec = z.object({
  context: ScriptContext,
  /** The round whose merged weights are the result: the best, or the last where nothing was measured. */
  round: z.int().positive(),
  /** The last round and its weights, where another was better. */
  last: z.object({ round: z.int().positive(), weights: StageInput }).nullable().default(null),
  holdout: z.string().nullable(),
  /** The weights of that round, as an input. */
  model: StageInput.nullable().default(null),
  /** What the shards measured, each on its local data, and the stage in which they did; null elsewhere. */
  measured: z.object({ metrics: Metrics, stage: StageId }).nullable().default(null),
});
export type InitializeSpec = z.infer<typeof InitializeSpec>;
export type TrainSpec = z.infer<typeof TrainSpec>;
export type MergeSpec = z.infer<typeof MergeSpec>;
export type EvaluateSpec = z.infer<typeof EvaluateSpec>;

/** A chunk of `initialize` (shard 0) or `train`; `data`, and what the shard kept, are inputs of its own. */
export const ShardChunk = z.object({
  round: Count,
  shard: Count,
  /** Which of a gang, of those that train together. */
  member: Count.nullable().default(null),
  data: StageInput.nullable(),
  kept: StageInput.nullable().default(null),
});
export type ShardChunk = z.infer<typeof ShardChunk>;
/** A chunk of `measure`: a shard that measures the model on its local data. */
export const MeasureChunk = z.object({ round: Count, shard: Count });
export type MeasureChunk = z.infer<typeof MeasureChunk>;
/** The one chunk of `merge` and `evaluate`. */
export const RoundChunk = z.object({ round: Count });
export type RoundChunk = z.infer<typeof RoundChunk>;

/** What the backend's check of a round hands to the planning: ordinals of the chunks whose updates may be merged. */
export const CheckedUpdates = z.object({ checked: z.array(Count) });
export type CheckedUpdates = z.infer<typeof CheckedUpdates>;

const seconds = z.number().nonnegative();
const Names = z.array(z.string().max(200)).max(64).default([]);

export const InitializeResult = z.object({
  parameters: Count,
  /** What came of the weights that it was given; null without any. */
  started: Started.nullable().default(null),
  /** How many things `pilot.once` made, where more than none in a file. */
  once: Count.default(0),
  seconds,
});
export const TrainResult = z.object({
  samples: z.number().positive(),
  metrics: Metrics,
  /** What was reported on the way, thinned out; `at` runs from 0 to 1 over the chunk. */
  history: z.array(z.object({ at: z.number().min(0).max(1), values: Metrics })).max(256),
  /** Names that the script asked pilot.param for, and figures that came as NaN or infinite. */
  params: Names,
  notFinite: Names,
  /** How many things the script keeps for its next round, where more than none in a file; and the epochs of this one. */
  kept: Count.default(0),
  /** The same, to be merged. */
  shared: Count.default(0),
  epochs: Count.default(0),
  /** Classes of the optimizers and schedules that begin anew in every round. */
  optimizers: Names,
  /** The script makes an SGD, whose rate it did not ask pilot.rate for, and steps with a part of the batch. */
  unrated: z.boolean().default(false),
  shown: AllShown,
  /** Of secure aggregation: in place of an update. */
  keys: OpenKeys.nullable().default(null),
  /** Time in the script alone. */
  seconds,
});
export const MergeResult = z.object({
  /** Of the merged model on the held-out part; null without one. */
  metrics: Metrics.nullable(),
  /** The first of the model's running statistics that went on changing while it was measured, or null. */
  learned: z.string().max(1_000).nullable().default(null),
  parameters: Count,
  shown: AllShown,
  seconds,
});
export const EvaluateResult = z.object({
  metrics: Metrics.nullable(),
  /** Rows that it was measured on; null where they were not counted. */
  samples: z.number().positive().nullable().default(null),
  /** Where the script has the model exported: why there is no file, or null. */
  exported: z
    .object({ problem: z.string().max(500).nullable() })
    .nullable()
    .default(null),
  seconds,
});
export type InitializeResult = z.infer<typeof InitializeResult>;
export type TrainResult = z.infer<typeof TrainResult>;
export type MergeResult = z.infer<typeof MergeResult>;
export type EvaluateResult = z.infer<typeof EvaluateResult>;
