import type { RelativePath } from '../../model/path.ts';
import type { Capabilities } from '../../model/requirement.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { FreedFiles, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { Image, type StoredSource } from './image.ts';
import { fleetProblem, OTHER_PROCESSOR, requirementsOf } from './needs.ts';
import { ARCHIVE, BUILD, CONFIG_INPUT, FETCH, ImageStage, INPUTS, layerInput } from './stages.ts';

/*
 * The stage that an image comes from, for whichever kind runs something in one: what it is, what it came to, and how
 * later stages have the image among their inputs.
 */

/** `network`: whether steps of a Dockerfile may reach it. */
export function imageStage(source: StoredSource, network: boolean): StagePlan {
  const { name, inputs, spec } = partsOf(source, network);
  return {
    name,
    spec: ImageStage.parse(spec),
    chunks: name === ARCHIVE ? [] : [{}],
    inputs,
    // What is fetched is the worker's own business with the registry; what is built runs a stranger's steps.
    requirements: requirementsOf({ network: network && source.from === 'build' }),
    affinity: 'container:image',
  };
}

function partsOf(
  source: StoredSource,
  network: boolean,
): { name: string; inputs: StageInput[]; spec: ImageStage } {
  switch (source.from) {
    case 'archive':
      return { name: ARCHIVE, inputs: [], spec: { from: 'archive' } };
    case 'reference':
      return { name: FETCH, inputs: [], spec: { from: 'reference', reference: source.reference } };
    case 'build': {
      const { dockerfile, files } = source;
      const inputs = files.map(({ path, blob, size }) => ({ path, hash: blob, size })).map(amongFiles);
      const executables = files.filter(({ executable }) => executable).map(({ path }) => path);
      return { name: BUILD, inputs, spec: { from: 'build', dockerfile, executables, network } };
    }
    default:
      return source satisfies never;
  }
}

/** Whether it is such a stage, by its name. */
export const isOfImage = (stage: string): boolean => [ARCHIVE, FETCH, BUILD].includes(stage);

/** What such a stage came to; `free` is what is needed no more: the archive that a worker made has been taken apart. */
export function imageOf({
  last,
  fleet,
}: Pick<PlanningContext<unknown>, 'last' | 'fleet'>):
  | { image: Image; free: FreedFiles[] }
  | (NextStep & { step: 'fail' }) {
  const [failed] = last.failed;
  if (failed !== undefined) return { step: 'fail', code: failed.code, message: failed.message };
  const image = Image.parse(last.taskValue);
  const problem = processorProblem(fleet, image);
  if (problem !== null) return { step: 'fail', ...problem };
  return { image, free: last.name === ARCHIVE ? [] : [{ stage: last.id, keep: [] }] };
}

/** Why none of these workers has the processor that the image is for; null where one has, or none is known. */
export function processorProblem(
  fleet: readonly Capabilities[],
  { platform }: Pick<Image, 'platform'>,
): { code: string; message: string } | null {
  const problem = fleetProblem(fleet, requirementsOf({ platform, network: false }));
  return problem?.code === OTHER_PROCESSOR ? problem : null;
}

export const imageInputs = ({ config, layers }: Image): StageInput[] => [
  { path: CONFIG_INPUT as RelativePath, ...config },
  ...layers.map((layer, index) => ({ path: layerInput(index) as RelativePath, ...layer })),
];

/** An input beside those of the image. */
export const amongFiles = ({ path, ...input }: StageInput): StageInput => ({
  ...input,
  path: `${INPUTS.files}/${path}` as RelativePath,
});
