import type { Requirement } from '../../model/requirement.ts';
import { type Environment, pythonNeeds } from '../../packages/packages.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { DoneChunk } from '../kind.ts';
import type { LocalData } from './local-data.ts';
import { KEYS, requirementsOf } from './needs.ts';
import { batchPerShard } from './settings.ts';
import { CODE, SCRIPT, type ScriptContext, type TrainingPlan } from './stages.ts';
import type { TrainingSpec } from './stored-spec.ts';

/** Chunks of one script on one data set can share the Python that has its modules open. */
export const affinityOf = (spec: TrainingSpec): string =>
  `training:${spec.script.blob}:${spec.data?.blob ?? ''}${spec.code === null ? '' : `:${spec.code.blob}`}${spec.packages === null ? '' : `:${spec.packages.key}`}`;

export const inputOf = (path: string, hash: string, size: number): StageInput =>
  ({ path, hash, size }) as StageInput;

/** The same blob under another name. */
export const renamed = (input: StageInput, path: string): StageInput => inputOf(path, input.hash, input.size);

/** A file that a chunk made, as an input of what comes next; null when it made none of that name. */
export function fileAs(chunk: DoneChunk, name: string, path: string): StageInput | null {
  const file = chunk.files.find((one) => one.name === name);
  return file === undefined ? null : inputOf(path, file.hash, file.size);
}

/** What every stage that runs the script needs of it. */
export const scriptInputs = (spec: TrainingSpec, { classFile, environment }: TrainingPlan): StageInput[] => [
  inputOf(SCRIPT, spec.script.blob, spec.script.size),
  ...(spec.code === null ? [] : [inputOf(CODE, spec.code.blob, spec.code.size)]),
  ...(classFile === null ? [] : [classFile]),
  ...(environment === null ? [] : [environment.input]),
];

/** What a worker needs to run the script, with the packages that it gets. */
export const scriptNeeds = (
  { modules, packages, python }: Pick<TrainingSpec, 'modules' | 'packages' | 'python'>,
  environment: Environment | null,
): Requirement[] => {
  const named = pythonNeeds(KEYS, python);
  if (packages === null) return [...requirementsOf(modules), ...named];
  // Which modules they bring is not known before.
  if (environment === null) return [...requirementsOf([]), ...named];
  const brought = new Set(environment.modules);
  const others = modules.filter((name) => !brought.has(name));
  return [
    ...requirementsOf([...new Set([...others, ...environment.fromWorker])]),
    ...pythonNeeds(KEYS, environment.python),
  ];
};

export const contextOf = (
  { settings, shards, classes, classFile, wholeLabels, entry, environment }: TrainingPlan,
  round: number,
  epoch: number,
  local: LocalData | null,
): ScriptContext => ({
  round,
  rounds: settings.rounds,
  epoch,
  shards: shards.length,
  batch: batchPerShard({ batch: settings.batch, shards: shards.length }),
  wholeBatch: settings.batch,
  seed: settings.seed,
  params: settings.params,
  label: settings.label,
  classes,
  classFile: classFile?.path ?? null,
  packages: environment?.input.path ?? null,
  wholeLabels,
  split: settings.split,
  entry,
  ownData: local === null && shards.every(({ input }) => input === null),
  local: local && {
    name: local.name,
    missing: settings.missing,
    drop: settings.drop,
    encode: settings.encode,
  },
  deadlineSeconds: settings.deadlineSeconds,
  innerSteps: settings.mode === 'diloco' ? settings.innerSteps : null,
  compress: settings.compress,
  sparsify: settings.sparsify,
  once: false,
  secure: settings.secure,
  countsRows: !settings.secure && settings.clip === null && settings.trim === 0,
  repeats: 1,
});

/** What stages of a round have in common; `from` is how much of the round was done before this one. */
export function common(spec: TrainingSpec, plan: TrainingPlan, round: number, from: number) {
  const at = (part: number) => Math.min(1, (round - 1 + part) / plan.settings.rounds);
  return {
    requirements: scriptNeeds(spec, plan.environment),
    affinity: affinityOf(spec),
    span: { from: at(from), to: at(from === 0 ? 0.9 : 1) },
    iteration: round,
  };
}

/** A file that a chunk has to have made, as an input of what comes next. */
export function made(chunk: DoneChunk, name: string, path: string): StageInput {
  const file = fileAs(chunk, name, path);
  // A worker that leaves a file out is found by the check before this; see the backend's stage task.
  if (file === null) throw new Error(`chunk ${chunk.ordinal} came without its file "${name}"`);
  return file;
}
