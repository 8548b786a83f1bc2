import {
  ENVIRONMENT,
  type Environment,
  EnvironmentResult,
  environmentStage,
  madeEnvironment,
} from '../../packages/packages.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import { nameOfSource, type StoredSource } from '../container/image.ts';
import { amongFiles, imageInputs, imageOf, imageStage, isOfImage } from '../container/image-stage.ts';
import { ImageMade } from '../container/stages.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { isLasting } from './failures.ts';
import { firstNeeds, instanceNeeds, needInWords, RUNS } from './needs.ts';
import { functionPublic } from './public.ts';
import { FunctionSpec } from './spec.ts';
import { INSTANCES, InstanceChunk, InstanceResult, InstancesStage } from './stages.ts';

/**
 * Instances of one version of a function: each chunk is one, and lasts until it is told to end. The job is there while
 * there are some; further ones are added to its stage as calls wait. Calls themselves are no chunks. Packages that were
 * never installed before are, in a stage before, and an image that was never looked for is got in one.
 */
export const functionKind = {
  ...functionPublic,
  endings: [],
  spec: FunctionSpec,
  settings: null,
  submission: ({ function: id, version }) => ({ kind: 'function', function: id, version, instances: 1 }),
  mainStage: { name: INSTANCES, chunks: () => null },
  lessen: 'fewer instances',
  needInWords,
  // Instances come and go by themselves, and what failed in passing is tried again.
  tells: (end, code) => end === 'failed' && isLasting(code),
  first(spec) {
    const { packages, environment, image, taken, network } = spec;
    if (image !== null && taken === null) return planImage(image, network);
    return packages === null || environment !== null
      ? planInstances(spec, environment)
      : { ...environmentStage(packages, true), requirements: firstNeeds(spec), asked: {} };
  },
  next(context) {
    if (isOfImage(context.last.name)) return afterImage(context);
    return context.last.name === ENVIRONMENT ? afterEnvironment(context) : afterTheLast(context);
  },
  redoes: [],
  parseResult: (stageName, result) => resultOf(stageName).parse(result),
  resultProblem: ({ name }, _chunkSpec, result) =>
    resultOf(name).safeParse(result).success
      ? null
      : 'The report of the worker does not have the form it should have.',
  chunkInputs: (): StageInput[] => [],
  label(stageName, chunkSpec) {
    if (isOfImage(stageName)) return 'The image';
    return stageName === ENVIRONMENT
      ? 'Installing packages'
      : `Instance ${InstanceChunk.parse(chunkSpec).instance}`;
  },
} satisfies Kind<FunctionSpec>;

function resultOf(stageName: string) {
  if (isOfImage(stageName)) return ImageMade;
  return stageName === ENVIRONMENT ? EnvironmentResult : InstanceResult;
}

/** The image of a version, which all its later jobs have then. */
function planImage(image: StoredSource, network: boolean): StagePlan {
  const stage = imageStage(image, network);
  return { ...stage, requirements: [RUNS, ...stage.requirements], asked: {} };
}

function afterImage(context: PlanningContext<FunctionSpec>): NextStep {
  const got = imageOf(context);
  if ('step' in got) return { ...got, message: got.message.slice(0, 1_900) };
  const stage = planInstances({ ...context.spec, taken: got.image }, null);
  return { step: 'stage', stage, notes: [], free: got.free };
}

function planInstances(spec: FunctionSpec, environment: Environment | null): StagePlan {
  const { name, version, handler, files, settings, image: source, taken, network, instances } = spec;
  const own = files.map(({ path, blob, size }) => ({ path, hash: blob, size }));
  const inputs = taken === null ? own : [...own.map(amongFiles), ...imageInputs(taken)];
  const packages = environment?.input ?? null;
  const loads = [...own.map(({ path, hash }) => `${path} ${hash}`), packages?.hash ?? '', taken?.id ?? ''];
  const image =
    source === null || taken === null ? null : { image: taken, name: nameOfSource(source), network };
  return {
    name: INSTANCES,
    spec: InstancesStage.parse({
      ...{ name, version, handler, settings, image },
      packages: packages?.path ?? null,
    }),
    chunks: Array.from({ length: instances }, (_, at): InstanceChunk => ({ instance: at + 1 })),
    inputs: packages === null ? inputs : [...inputs, packages],
    requirements: instanceNeeds({ ...spec, environment }),
    affinity: `function:${handler}\n${loads.join('\n')}`,
    lasting: true,
  };
}

function afterEnvironment({ spec, last }: PlanningContext<FunctionSpec>): NextStep {
  const [failed] = last.failed;
  if (failed !== undefined)
    return { step: 'fail', code: failed.code, message: failed.message.slice(0, 1_900) };
  const { environment, note } = madeEnvironment(last.done[0]);
  return { step: 'stage', stage: planInstances(spec, environment), notes: [note] };
}

/** No instance is left: all that failed of themselves is a failure of the version. */
function afterTheLast({ last }: PlanningContext<FunctionSpec>): NextStep {
  const [first] = last.failed;
  if (first === undefined || last.failedCount < last.total) return { step: 'assemble' };
  return { step: 'fail', code: first.code, message: first.message.slice(0, 1_900) };
}
