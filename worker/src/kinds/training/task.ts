import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { TrainingFailure } from '@parallel-pilot/shared/kinds/training/failures.ts';
import { MEASURE } from '@parallel-pilot/shared/kinds/training/local-evaluation.ts';
import type { SecureTraining, Unmasking } from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { MOST_SHOWN_BYTES } from '@parallel-pilot/shared/kinds/training/shown.ts';
import {
  CODE,
  EvaluateResult,
  EvaluateSpec,
  FILES,
  InitializeResult,
  InitializeSpec,
  KEPT,
  MeasureChunk,
  MergeResult,
  MergeSpec,
  MOMENTUM,
  ONCE,
  SCRIPT,
  type ScriptContext,
  SHARED,
  ShardChunk,
  TrainResult,
  TrainSpec,
  WEIGHTS,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { z } from 'zod';
import { SOCKET } from '../../gang/gang-link.ts';
import type { RunnableChunk } from '../kind.ts';
import type { PythonTask } from './messages.ts';
import { SUM } from './secure/masked-merge.ts';
import { CHANGE } from './secure/private-training.ts';

/**
 * A file that Python leaves in `work`, and what it is for the farm; without one that `may` be missing there is a result,
 * too. `most`: bytes; `again`: for the stages after this one; `early`: it may be there while the script goes on.
 */
export type Made = {
  name: string;
  file: string;
  mediaType: string;
  may?: 'be-missing';
  most?: number;
  again?: boolean;
  early?: boolean;
};

/** A chunk as the runner needs it. Paths of inputs are relative to the chunk's. */
export type Task = {
  /** For messages to people. */
  stage: PythonTask['stage'];
  python: Omit<
    PythonTask,
    'script' | 'work' | 'run' | 'cache' | 'scratch' | 'environment' | 'gang' | 'local'
  >;
  /** The name of the lent data that it may see; null for none. */
  lent: string | null;
  /** Of a shard whose update stays on the worker. */
  secure: SecureTraining | null;
  /** Masked updates, which the worker sums up before it is Python's turn. */
  masked: { paths: string[]; unmasking: Unmasking } | null;
  makes: Made[];
  result: z.ZodType;
};
export type TaskRefusal = { code: TrainingFailure; message: string };

/** Makes a chunk's two specs one task, and looks whether its files are there. */
export function parseTask(chunk: RunnableChunk): Task | TaskRefusal {
  const read = READERS[chunk.stage];
  if (read === undefined) return unreadable(`stage "${chunk.stage}"`, '');
  try {
    const task = read(chunk);
    const missing = inputsOf(task).find((path) => !existsSync(join(chunk.inputs, path)));
    if (missing === undefined) return task;
    return { code: 'input-missing', message: `The file "${missing}" of the job is not on this worker.` };
  } catch (error) {
    if (error instanceof z.ZodError) return unreadable('chunk', z.prettifyError(error));
    throw error;
  }
}

/** The task for Python, with its paths as Python sees them. */
export function placed(
  task: Task,
  { inside, folders }: Workspace,
  environment: PythonTask['environment'],
  gang: RunnableChunk['gang'],
  local: string | null,
): PythonTask {
  const at = (path: string | null): string | null => (path === null ? null : posix.join(inside.in, path));
  const { code, data, parts, weights, classes, momentum, kept, shared, once, sum, start, checkpoint } =
    task.python;
  const files = <File extends { path: string }>(all: File[]): File[] =>
    all.map((one) => ({ ...one, path: posix.join(inside.in, one.path) }));
  return {
    ...task.python,
    code: at(code),
    data: at(data),
    parts: parts.map((path) => posix.join(inside.in, path)),
    weights: at(weights),
    classes: at(classes),
    momentum: at(momentum),
    kept: at(kept),
    shared: at(shared),
    once: at(once),
    sum: at(sum),
    start: start && { ...start, path: posix.join(inside.in, start.path) },
    checkpoint: at(checkpoint),
    updates: files(task.python.updates),
    states: files(task.python.states),
    script: posix.join(inside.in, SCRIPT),
    work: inside.work,
    run: posix.join(inside.work, 'run'),
    cache: posix.join(inside.work, 'cache'),
    environment,
    local,
    gang:
      gang === undefined ? null : { rank: gang.rank, size: gang.size, socket: posix.join(inside.in, SOCKET) },
    // Without a sandbox the machine's shared memory is everyone's.
    scratch: inside.tmp === folders.tmp ? [inside.tmp] : [inside.tmp, '/dev/shm'],
  };
}

/** No message of protobuf, which an .onnx is, may be larger. */
const MOST_ONNX_BYTES = 2 * 1024 ** 3;
const NPZ = 'application/octet-stream';
const file = (name: string, path: string): Made => ({ name, file: path, mediaType: NPZ, again: true });
const WEIGHTS_MADE = file(FILES.weights, 'weights.npz');
const SHARED_MADE = file(FILES.shared, SHARED);
const forPeople = (name: string, path: string, most: number): Made => ({
  ...file(name, path),
  again: false,
  may: 'be-missing',
  most,
});
const SHOWN_MADE = forPeople(FILES.shown, 'shown.bin', MOST_SHOWN_BYTES);
const ONNX_MADE = forPeople(FILES.onnx, 'model.onnx', MOST_ONNX_BYTES);

/** A stage's task before it is told what it works on. */
export const blankTask = (stage: PythonTask['stage'], context: ScriptContext): Task['python'] => ({
  stage,
  context,
  shard: 0,
  code: context.entry === null ? null : CODE,
  data: null,
  parts: [],
  measures: false,
  weights: null,
  classes: context.classFile,
  momentum: null,
  kept: null,
  shared: null,
  once: context.once ? ONCE : null,
  start: null,
  checkpoint: null,
  updates: [],
  sum: null,
  states: [],
  merge: null,
});

const measuring = (stage: PythonTask['stage'], context: ScriptContext, holdout: string | null) => ({
  ...blankTask(stage, context),
  data: holdout,
  weights: WEIGHTS,
  measures: holdout !== null || context.ownData,
});

const lentFor = ({ local }: ScriptContext): string | null => local?.name ?? null;

/** Of the stages that have nothing to hide. */
const PLAIN = { secure: null, masked: null };

const READERS: Partial<Record<string, (chunk: RunnableChunk) => Task>> = {
  initialize({ stageSpec, chunkSpec }) {
    const { context, start, parts } = InitializeSpec.parse(stageSpec);
    const { shard, data } = ShardChunk.parse(chunkSpec);
    const python = { ...blankTask('initialize', context), shard, data: data?.path ?? null, parts, start };
    const makes: Made[] = [WEIGHTS_MADE, { ...file(FILES.once, ONCE), may: 'be-missing' }];
    return { ...PLAIN, stage: 'initialize', lent: lentFor(context), python, makes, result: InitializeResult };
  },
  train({ stageSpec, chunkSpec, checkpoint }) {
    const { context, state, weights, secure } = TrainSpec.parse(stageSpec);
    const { shard, data, kept } = ShardChunk.parse(chunkSpec);
    const kepts = { kept: kept?.path ?? null, shared: state.shared?.path ?? null };
    const files = { data: data?.path ?? null, weights: weights.path, ...kepts };
    // Paths of inputs are relative to the chunk's.
    const from = checkpoint === undefined ? null : CHECKPOINT.path;
    const python = { ...blankTask('train', context), shard, ...files, checkpoint: from };
    const keeps = [file(FILES.kept(shard), KEPT), { ...SHARED_MADE, early: true }];
    const makes = [
      secure === null
        ? { ...file(FILES.update, 'update.npz'), early: true }
        : { ...file(CHANGE.name, CHANGE.file), again: false },
      ...keeps.map((made): Made => ({ ...made, may: 'be-missing' })),
      SHOWN_MADE,
    ];
    return { ...PLAIN, secure, stage: 'train', lent: lentFor(context), python, makes, result: TrainResult };
  },
  merge({ stageSpec }) {
    const { context, state, merge, updates, unmasking, states, holdout } = MergeSpec.parse(stageSpec);
    const momentum = merge.merge === 'outer' && state.momentum !== null ? MOMENTUM : null;
    const masked = unmasking === null ? null : { paths: updates.map(({ path }) => path), unmasking };
    const files = { momentum, states, ...(masked === null ? { updates } : { sum: SUM }) };
    const python = { ...measuring('merge', context, holdout), ...files, merge };
    const momentumMade = merge.merge === 'outer' ? [file(FILES.momentum, 'momentum.npz')] : [];
    const sharedMade = states.length === 0 ? [] : [SHARED_MADE];
    const makes = [WEIGHTS_MADE, ...momentumMade, ...sharedMade, SHOWN_MADE];
    return { secure: null, masked, stage: 'merge', lent: null, python, makes, result: MergeResult };
  },
  evaluate({ stageSpec }) {
    const { context, holdout } = EvaluateSpec.parse(stageSpec);
    const python = measuring('evaluate', context, holdout);
    return { ...PLAIN, stage: 'evaluate', lent: null, python, makes: [ONNX_MADE], result: EvaluateResult };
  },
  [MEASURE]({ stageSpec, chunkSpec }) {
    const { context } = EvaluateSpec.parse(stageSpec);
    const { shard } = MeasureChunk.parse(chunkSpec);
    const python = { ...measuring('evaluate', context, null), shard, measures: true };
    return {
      ...PLAIN,
      stage: 'evaluate',
      lent: lentFor(context),
      python,
      makes: [ONNX_MADE],
      result: EvaluateResult,
    };
  },
};

const inputsOf = ({
  masked,
  python: {
    code,
    data,
    parts,
    weights,
    classes,
    momentum,
    kept,
    shared,
    once,
    start,
    checkpoint,
    updates,
    states,
    context: { packages },
  },
}: Task): string[] =>
  [
    SCRIPT,
    packages,
    code,
    data,
    ...parts,
    weights,
    classes,
    momentum,
    kept,
    shared,
    once,
    start?.path ?? null,
    checkpoint,
    ...[...updates, ...states].map((one) => one.path),
    ...(masked?.paths ?? []),
  ].filter((path) => path !== null);

const unreadable = (what: string, why: string): TaskRefusal => ({
  code: 'unexpected',
  message: `The worker does not understand this ${what}. ${why}`.trim(),
});
