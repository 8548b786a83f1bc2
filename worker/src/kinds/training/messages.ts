import { TrainingFailure } from '@parallel-pilot/shared/kinds/training/failures.ts';
import type { MergeSpec, ScriptContext } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { StageStart } from '@parallel-pilot/shared/kinds/training/start-stage.ts';
import { MeasuredValues } from '@parallel-pilot/shared/protocol/measured.ts';
import { z } from 'zod';

/** What one chunk is to the Python that runs it. All paths are absolute, as Python sees them. */
export type PythonTask = {
  stage: 'initialize' | 'train' | 'merge' | 'evaluate';
  context: ScriptContext;
  shard: number;
  script: string;
  /** The files beside the script, a .zip; null for a script alone. */
  code: string | null;
  /** The data that the script gets; null where it is not run, or makes its own. */
  data: string | null;
  /** The folder that the worker's owner lends as the shard's data; null where there is none such. */
  local: string | null;
  /** All shards in its place, where the script may make something of the whole data; of `initialize` alone. */
  parts: string[];
  /** Whether the script is run to measure what was merged. */
  measures: boolean;
  weights: string | null;
  /** The names of the classes, where they do not stand in the context. */
  classes: string | null;
  momentum: string | null;
  /** What the shard kept in the round before. */
  kept: string | null;
  /** What all shards kept in the round before, merged. */
  shared: string | null;
  /** What `pilot.once` made. */
  once: string | null;
  /** Weights that somebody gave to start from; of `initialize` alone. */
  start: StageStart | null;
  /** What an earlier run of the shard left, to go on from. */
  checkpoint: string | null;
  updates: { path: string; samples: number }[];
  /** In their place, the sum of the changes that were masked: a number in float64 for each with a fraction, by the weights' order. */
  sum: string | null;
  /** What shards keep to be merged. */
  states: { shard: number; path: string; samples: number }[];
  merge: MergeSpec['merge'] | null;
  /** Its place in a gang, and the socket that leads to the others; null for one by itself. */
  gang: { rank: number; size: number; socket: string } | null;
  /** Folders: of the results, of what the script is started in, of what may be kept for later chunks. */
  work: string;
  run: string;
  cache: string;
  /** What its environment says of the cards that it may use. */
  environment: Record<string, string>;
  /** Folders that are emptied after the chunk, beside `run`. */
  scratch: string[];
};

/**
 * What the worker tells the zygote. `stop` is no command of its own: it ends the one under way; `preempt` asks it to
 * leave a checkpoint and end.
 */
export type Command = { op: 'open'; script: string; code: string | null } | { op: 'run'; task: PythonTask };

const common = { id: z.int(), log: z.string() };

/** The zygote's reply to one command. `died`: the script ended Python, without an outcome. */
export const Reply = z.union([
  z.object({ ...common, ok: z.literal(true), result: z.unknown() }),
  z.object({ ...common, ok: z.literal(false), code: TrainingFailure, message: z.string() }),
  /** It left a checkpoint and ended, as it was asked to. */
  z.object({ ...common, ok: z.literal(false), preempted: z.literal(true) }),
  z.object({
    ...common,
    ok: z.literal(false),
    died: z.union([z.object({ signal: z.int() }), z.object({ code: z.int() })]),
  }),
]);
export type Reply = z.infer<typeof Reply>;

/** What the zygote says unasked; `hello` once. */
export const PythonEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('hello'), numpy: z.string().max(64) }),
  /** The end of what the script printed. */
  z.object({ event: z.literal('printed'), log: z.string().max(16_384) }),
  z.object({
    event: z.literal('progress'),
    fraction: z.number().min(0).max(1),
    detail: z.string().max(200),
    values: MeasuredValues,
    kept: z.number().min(0).max(1).default(0),
    /** The files of its result that come before its last steps are there. */
    handedIn: z.boolean().default(false),
  }),
]);
export type PythonEvent = z.infer<typeof PythonEvent>;

export const PythonMessage = z.union([PythonEvent, Reply]);

/** What one look at a Python tells. */
export const Found = z.object({
  python: z.string(),
  numpy: z.string().nullable(),
  torch: z.string().nullable(),
  pythons: z.array(z.string().max(200)),
  /** Whether it can install packages. */
  pip: z.boolean(),
  modules: z.array(z.string()),
});
export type Found = z.infer<typeof Found>;
