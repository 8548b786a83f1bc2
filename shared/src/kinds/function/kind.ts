import {
  ENVIRONMENT,
  type Environment,
  EnvironmentResult,
  environmentStage,
  madeEnvironment,
} from '../../packages/packages.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { firstNeeds, instanceNeeds, needInWords } from './needs.ts';
import { functionPublic } from './public.ts';
import { FunctionSpec } from './spec.ts';
import { INSTANCES, InstanceChunk, InstanceResult, InstancesStage } from './stages.ts';

/**
 * Instances of one version of a function: each chunk is one, and lasts until it is told to end. The job is there while
 * there are some; further ones are added to its stage as calls wait. Calls themselves are no chunks. Packages that were
 * never installed before are, in a stage before.
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
  first: (spec) =>
    spec.packages === null || spec.environment !== null
      ? planInstances(spec, spec.environment)
      : { ...environmentStage(spec.packages, true), requirements: firstNeeds(spec), asked: {} },
  next: (context) => (context.last.name === ENVIRONMENT ? afterEnvironment(context) : afterTheLast(context)),
  redoes: [],
  parseResult: (stageName, result) => resultOf(stageName).parse(result),
  resultProblem: ({ name }, _chunkSpec, result) =>
    resultOf(name).safeParse(result).success
      ? null
      : 'The report of the worker does not have the form it should have.',
  chunkInputs: (): StageInput[] => [],
  label: (stageName, chunkSpec) =>
    stageName === ENVIRONMENT ? 'Installing packages' : `Instance ${InstanceChunk.parse(chunkSpec).instance}`,
} satisfies Kind<FunctionSpec>;

const resultOf = (stageName: string) => (stageName === ENVIRONMENT ? EnvironmentResult : InstanceResult);

function planInstances(spec: FunctionSpec, environment: Environment | null): StagePlan {
  const { name, version, handler, files, settings, image, instances } = spec;
  const inputs = files.map(({ path, blob, size }) => ({ path, hash: blob, size }));
  const packages = environment?.input ?? null;
  const loads = [...inputs.map(({ path, hash }) => `${path} ${hash}`), packages?.hash ?? '', image ?? ''];
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
