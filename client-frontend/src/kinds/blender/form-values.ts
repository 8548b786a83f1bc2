import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { BlenderProbe, ProbedScene } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import {
  type ColorDepth,
  Engine,
  ImageFormat,
  RenderOverrides,
} from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { BlenderView } from '@parallel-pilot/shared/kinds/blender/view.ts';

/** What the settings form holds: every override has a value. */
export type FormValues = { [Field in keyof RenderOverrides]-?: Exclude<RenderOverrides[Field], undefined> };

/** Depths each format can store, the first being its usual one. */
export const DEPTHS: Record<ImageFormat, readonly ColorDepth[]> = {
  PNG: ['8', '16'],
  JPEG: ['8'],
  TIFF: ['8', '16'],
  OPEN_EXR: ['16', '32'],
  OPEN_EXR_MULTILAYER: ['16', '32'],
};

/** The form as it first appears: what was offered for the job, else the file's own values. */
export function firstValues(
  probe: BlenderProbe,
  job: Pick<BlenderView, 'settings' | 'overrides'>,
): FormValues {
  const offered: Partial<Record<keyof FormValues, unknown>> = job.settings ?? {};
  const given = RenderOverrides.omit({ denoise: true }).strip().parse(offered) as Partial<FormValues>;
  const scene = sceneOf(probe, given.scene);
  const own = valuesOfScene(scene);
  const format = given.format ?? own.format;
  return {
    ...own,
    ...given,
    colorDepth: depthFor(format, given.colorDepth ?? own.colorDepth),
    denoise: job.overrides.denoise ?? 'auto',
  };
}

export const sceneOf = (probe: BlenderProbe, name: string | undefined): ProbedScene => {
  const scene =
    probe.scenes.find((candidate) => candidate.name === (name ?? probe.activeScene)) ?? probe.scenes[0];
  if (scene === undefined) throw new Error('A probe names at least one scene.');
  return scene;
};

/** The scene's own values, with the nearest choice where the farm does not know one. */
export function valuesOfScene(scene: ProbedScene): FormValues {
  const format = ImageFormat.safeParse(scene.format).data ?? 'PNG';
  const step = scene.frameStep > 1 ? `x${scene.frameStep}` : '';
  return {
    scene: scene.name,
    camera: scene.camera === null && !scene.sequencer ? (scene.cameras[0] ?? '') : null,
    frames: `${scene.frameStart}-${scene.frameEnd}${step}`,
    resolutionX: scene.resolutionX,
    resolutionY: scene.resolutionY,
    percentage: scene.percentage,
    engine: Engine.safeParse(scene.engine).data ?? 'BLENDER_EEVEE',
    samples: scene.samples ?? 64,
    format,
    colorDepth: depthFor(format, scene.colorDepth),
    transparent: scene.transparent,
    fps: Math.round(scene.fps * 1_000) / 1_000,
    video: 'mp4',
    denoise: 'auto',
    device: 'auto',
    simulate: scene.simulations.length > 0,
  };
}

export const depthFor = (format: ImageFormat, wanted: ColorDepth | null): ColorDepth =>
  wanted !== null && DEPTHS[format].includes(wanted) ? wanted : (DEPTHS[format][0] ?? '8');

/** A sentence for each field that the farm would refuse. */
export function problemsOf(values: FormValues): Partial<Record<keyof FormValues, string>> {
  const problems: Partial<Record<keyof FormValues, string>> = {};
  const frames = parseFrames(values.frames);
  if (!frames.ok) problems.frames = frames.message;
  if (values.camera === '')
    problems.camera = 'This scene has no camera. Add one in Blender, or choose another scene.';
  const whole = { resolutionX: [4, 65_536], resolutionY: [4, 65_536], percentage: [1, 1_000] } as const;
  for (const [field, [least, most]] of Object.entries(whole) as [keyof typeof whole, [number, number]][]) {
    if (!RenderOverrides.shape[field].safeParse(values[field]).success || !isNumber(values[field])) {
      problems[field] = `A whole number from ${least} to ${most.toLocaleString('en')}.`;
    }
  }
  if (!isNumber(values.samples) || !RenderOverrides.shape.samples.safeParse(values.samples).success) {
    problems.samples = 'A whole number from 1 to 1,000,000.';
  }
  if (!isNumber(values.fps) || !RenderOverrides.shape.fps.safeParse(values.fps).success) {
    problems.fps = 'A number above 0, at most 1,000.';
  }
  return problems;
}

/** An emptied number field holds an empty string. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Pixels that Blender renders: it cuts fractions off. */
export const renderedPixels = ({ resolutionX, resolutionY, percentage }: FormValues) => ({
  width: Math.max(1, Math.floor((resolutionX * percentage) / 100)),
  height: Math.max(1, Math.floor((resolutionY * percentage) / 100)),
});

/** Form values with what the user changed of another scene's: all of it but what only that scene has. */
export function withEdits(probe: BlenderProbe, own: FormValues, edits: Partial<FormValues>): FormValues {
  const { scene: _, camera, ...rest } = edits;
  const { cameras } = sceneOf(probe, own.scene);
  return { ...own, ...rest, ...(typeof camera === 'string' && cameras.includes(camera) ? { camera } : {}) };
}

/** What a preset holds: how to render, and what comes out. Scene, camera and frames are a file's own. */
export function presetOf(values: FormValues): Partial<FormValues> {
  const { scene: _, camera: __, frames: ___, simulate: ____, ...kept } = values;
  return kept;
}

/** The form with what a preset holds, field by field: what this version of the site does not know is left out. */
export function withPreset(values: FormValues, preset: Record<string, unknown>): FormValues {
  const own = Object.keys(presetOf(values)) as (keyof FormValues)[];
  const known = Object.fromEntries(
    own
      .filter((field) => field in preset && RenderOverrides.shape[field].safeParse(preset[field]).success)
      .map((field) => [field, preset[field]]),
  ) as Partial<FormValues>;
  const { engine } = known;
  // EEVEE has another name from one generation of Blender to the next; the file's own is right.
  const isEevee = (name: string | undefined) => name?.startsWith('BLENDER_EEVEE') === true;
  const next = {
    ...values,
    ...known,
    ...(isEevee(engine) && isEevee(values.engine) ? { engine: values.engine } : {}),
  };
  return { ...next, colorDepth: depthFor(next.format, next.colorDepth) };
}

const REFUSED: Record<string, keyof FormValues> = {
  'bad-frames': 'frames',
  'unknown-scene': 'scene',
  'unknown-camera': 'camera',
  'no-camera': 'camera',
  'engine-unavailable': 'engine',
  'denoiser-unavailable': 'denoise',
};

/** Fields that a refusal of the farm concerns, with what it says of each. */
export function refusedFields({
  code,
  detail,
}: {
  code: string;
  detail: string;
}): Partial<Record<keyof FormValues, string>> {
  const field = REFUSED[code];
  if (field !== undefined) return { [field]: detail };
  const ofScene = /^The scene's (\w+) is /.exec(detail)?.[1];
  if (ofScene !== undefined && ofScene in RenderOverrides.shape) return { [ofScene]: detail };
  const named = [...detail.matchAll(/(?<=^|\. )(\w+): ((?:[^.]|\.(?=\d))+\.)/g)];
  return Object.fromEntries(
    named.filter(([, name = '']) => name in RenderOverrides.shape).map(([, name, why]) => [name, why]),
  );
}
