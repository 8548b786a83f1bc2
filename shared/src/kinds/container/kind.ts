import type { RelativePath } from '../../model/path.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import { isOfRuns, runs } from '../command/kind.ts';
import { CommandFile } from '../command/spec.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { Image, type StoredSource } from './image.ts';
import { fleetProblem, needInWords, OTHER_PROCESSOR, requirementsOf } from './needs.ts';
import { containerPublic } from './public.ts';
import { ContainerSpec } from './spec.ts';
import {
  ARCHIVE,
  BUILD,
  CONFIG_INPUT,
  ContainerStage,
  FETCH,
  ImageMade,
  ImageStage,
  INPUTS,
  layerInput,
} from './stages.ts';

/** A command, run once for each of its parameters in a container of an image. */
export const container = {
  ...containerPublic,
  ...runs,
  spec: ContainerSpec,
  submission: ({ image, ...spec }) => ({ ...runs.submission(spec), image: sentSource(image) }),
  needs: () => requirementsOf({ network: false }),
  needInWords,
  first: planImage,
  next(context) {
    const { last, spec } = context;
    if (!isOfRuns(last.name)) return afterImage(context);
    const step = runs.next(context);
    if (step.step !== 'stage') return step;
    const { image } = ContainerStage.parse(last.spec);
    return { ...step, stage: inImage(step.stage, spec, image) };
  },
  retries: (stageSpec) => (ImageStage.safeParse(stageSpec).success ? 0 : runs.retries(stageSpec)),
  parseResult: (stage, result) =>
    isOfRuns(stage) ? runs.parseResult(stage, result) : ImageMade.parse(result),
  resultProblem(stage, chunkSpec, result) {
    if (isOfRuns(stage.name)) return runs.resultProblem(stage, chunkSpec, result);
    return ImageMade.safeParse(result).success
      ? null
      : 'The report of the worker does not have the form it should have.';
  },
  chunkInputs: (stage, chunkSpec) =>
    isOfRuns(stage) ? runs.chunkInputs(stage, chunkSpec).map(amongFiles) : [],
  label: (stage, chunkSpec) => (isOfRuns(stage) ? runs.label(stage, chunkSpec) : 'The image'),
} satisfies Kind<ContainerSpec>;

/** Of the whole job, until the image is there. */
const IMAGE_SHARE = 0.1;

function planImage({ image, network }: ContainerSpec): StagePlan {
  const { name, inputs, spec } = imageStage(image, network);
  return {
    name,
    spec: ImageStage.parse(spec),
    chunks: name === ARCHIVE ? [] : [{}],
    inputs,
    // What is fetched is the worker's own business with the registry; what is built runs a stranger's steps.
    requirements: requirementsOf({ network: network && image.from === 'build' }),
    affinity: 'container:image',
    span: { from: 0, to: IMAGE_SHARE },
  };
}

function imageStage(
  image: StoredSource,
  network: boolean,
): { name: string; inputs: StageInput[]; spec: ImageStage } {
  switch (image.from) {
    case 'archive':
      return { name: ARCHIVE, inputs: [], spec: { from: 'archive' } };
    case 'reference':
      return { name: FETCH, inputs: [], spec: { from: 'reference', reference: image.reference } };
    case 'build': {
      const inputs = image.files.map(({ path, blob, size }) => ({ path, hash: blob, size })).map(amongFiles);
      const { dockerfile, files } = image;
      const executables = files.filter(({ executable }) => executable).map(({ path }) => path);
      return { name: BUILD, inputs, spec: { from: 'build', dockerfile, executables, network } };
    }
    default:
      return image satisfies never;
  }
}

function afterImage({ last, spec, fleet }: PlanningContext<ContainerSpec>): NextStep {
  const [failed] = last.failed;
  if (failed !== undefined) return { step: 'fail', code: failed.code, message: failed.message };
  const image = Image.parse(last.taskValue);
  const problem = fleetProblem(fleet, requirementsOf({ platform: image.platform, network: false }));
  if (problem?.code === OTHER_PROCESSOR) return { step: 'fail', ...problem };
  const stage = inImage(runs.first(spec), spec, image);
  // The archive that a worker made has been taken apart.
  const free = last.name === ARCHIVE ? [] : [{ stage: last.id, keep: [] }];
  return { step: 'stage', stage, notes: [], free };
}

/** The plan of a stage of runs, in a container. */
function inImage(stage: StagePlan, of: ContainerSpec, image: Image): StagePlan {
  const { image: source, network, entrypoint } = of;
  const name = source.from === 'reference' ? source.reference : image.id.slice(0, 12);
  const { from, to } = stage.span ?? { from: 0, to: 1 };
  const whole = (share: number): number => IMAGE_SHARE + (1 - IMAGE_SHARE) * share;
  return {
    ...stage,
    spec: ContainerStage.parse({
      ...{ ...(stage.spec as object), image, name, network },
      entrypoint: entrypoint ?? image.entrypoint,
    }),
    inputs: [...stage.inputs.map(amongFiles), ...imageInputs(image)],
    requirements: requirementsOf({ platform: image.platform, network }),
    affinity: `container:${image.id}\n${stage.affinity}`,
    span: { from: whole(from), to: whole(to) },
  };
}

const imageInputs = ({ config, layers }: Image): StageInput[] => [
  { path: CONFIG_INPUT as RelativePath, ...config },
  ...layers.map((layer, index) => ({ path: layerInput(index) as RelativePath, ...layer })),
];

const amongFiles = ({ path, ...input }: StageInput): StageInput => ({
  ...input,
  path: `${INPUTS.files}/${path}` as RelativePath,
});

function sentSource(image: StoredSource): Record<string, unknown> {
  switch (image.from) {
    case 'archive': {
      const { size: _, ...sent } = image;
      return sent;
    }
    case 'reference':
      return image;
    case 'build':
      return { ...image, files: image.files.map((file) => CommandFile.strip().parse(file)) };
    default:
      return image satisfies never;
  }
}
