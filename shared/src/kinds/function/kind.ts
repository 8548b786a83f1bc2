import type { StageInput } from '../../protocol/stage-input.ts';
import type { Kind, NextStep, PlanningContext } from '../kind.ts';
import { needInWords, requirementsOf } from './needs.ts';
import { functionPublic } from './public.ts';
import { FunctionSpec } from './spec.ts';
import { INSTANCES, InstanceChunk, InstanceResult, InstancesStage } from './stages.ts';

/**
 * Instances of one version of a function: each chunk is one, and lasts until it is told to end. The job is there while
 * there are some; further ones are added to its stage as calls wait. Calls themselves are no chunks.
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
  first: ({ name, version, handler, files, settings, instances }) => ({
    name: INSTANCES,
    spec: InstancesStage.parse({ name, version, handler, settings }),
    chunks: Array.from({ length: instances }, (_, at): InstanceChunk => ({ instance: at + 1 })),
    inputs: files.map(({ path, blob, size }) => ({ path, hash: blob, size })),
    requirements: requirementsOf(handler),
    affinity: `function:${handler}\n${files.map(({ path, blob }) => `${path} ${blob}`).join('\n')}`,
    lasting: true,
  }),
  next: afterTheLast,
  redoes: [],
  parseResult: (_, result) => InstanceResult.parse(result),
  resultProblem: (_stage, _chunkSpec, result) =>
    InstanceResult.safeParse(result).success
      ? null
      : 'The report of the worker does not have the form it should have.',
  chunkInputs: (): StageInput[] => [],
  label: (_, chunkSpec) => `Instance ${InstanceChunk.parse(chunkSpec).instance}`,
} satisfies Kind<FunctionSpec>;

/** No instance is left: all that failed of themselves is a failure of the version. */
function afterTheLast({ last }: PlanningContext<FunctionSpec>): NextStep {
  const [first] = last.failed;
  if (first === undefined || last.failedCount < last.total) return { step: 'assemble' };
  return { step: 'fail', code: first.code, message: first.message.slice(0, 1_900) };
}
