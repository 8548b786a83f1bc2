import { isOfRuns, runs } from '../command/kind.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { type Image, sentSource } from './image.ts';
import { amongFiles, imageInputs, imageOf, imageStage } from './image-stage.ts';
import { needInWords, requirementsOf } from './needs.ts';
import { containerPublic } from './public.ts';
import { ContainerSpec } from './spec.ts';
import { ContainerStage, ImageMade, ImageStage } from './stages.ts';

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
  return { ...imageStage(image, network), span: { from: 0, to: IMAGE_SHARE } };
}

function afterImage(context: PlanningContext<ContainerSpec>): NextStep {
  const got = imageOf(context);
  if ('step' in got) return got;
  const stage = inImage(runs.first(context.spec), context.spec, got.image);
  return { step: 'stage', stage, notes: [], free: got.free };
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
