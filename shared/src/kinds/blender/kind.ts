import type { Requirement } from '../../model/requirement.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { FrameResult, ProbeResult, type ProbeStageSpec, RenderChunkSpec, RenderStageSpec } from './chunks.ts';
import { parseFrames } from './frames.ts';
import { listed, notesOfFile, notesOfScene } from './notes.ts';
import { BlenderProbe } from './probe.ts';
import { blenderPublic } from './public.ts';
import { fleetProblem, gpuRequirement, needInWords, resolveSettings } from './resolve.ts';
import { resultProblem } from './result-problem.ts';
import { RenderOverrides, type RenderSettings } from './settings.ts';
import { BlenderSpec } from './spec.ts';

/** Rendering a .blend: probe once, then one chunk for each frame, then stitch. */
export const blender = {
  ...blenderPublic,
  endings: ['.blend', '.zip'],
  spec: BlenderSpec,
  settings: RenderOverrides,
  submission: ({ files: _, fileVersion: __, ...sent }) => sent,
  first: planProbe,
  next(context) {
    const { last } = context;
    if (last.name === 'render') return afterRender(context);
    const failure = last.failed[0];
    if (failure !== undefined) return { step: 'fail', code: failure.code, message: failure.message };
    return afterProbe(context, BlenderProbe.parse(last.done[0]?.result));
  },
  redoes: ['render'],
  needs: (settings) => [OF_BLENDER, ...gpuRequirement(RenderOverrides.safeParse(settings).data?.device)],
  mainStage: { name: 'render', chunks: framesIn },
  lessen: 'fewer frames, fewer samples or a smaller picture',
  needInWords,
  parseResult: (stageName, result) =>
    stageName === 'probe' ? ProbeResult.parse(result) : FrameResult.parse(result),
  resultProblem,
  chunkInputs: () => [],
  label: (stageName, chunkSpec) =>
    stageName === 'probe' ? 'Reading the file' : `Frame ${RenderChunkSpec.parse(chunkSpec).frame}`,
  numbers(stageName, stageSpec) {
    if (stageName !== 'render') return null;
    const frames = parseFrames(RenderStageSpec.parse(stageSpec).settings.frames);
    return frames.ok ? frames.frames : null;
  },
} satisfies Kind<BlenderSpec>;

function framesIn(settings: unknown): number | null {
  const { frames } = RenderOverrides.safeParse(settings).data ?? {};
  if (frames === undefined) return null;
  const read = parseFrames(frames);
  return read.ok ? read.frames.length : null;
}

/** Same inputs opened in the same way can share one open Blender. */
const affinityOf = (spec: BlenderSpec): string =>
  `blender:${spec.source.blob}:${spec.main}:${spec.scripts ? 'scripts' : 'plain'}`;

const versionRequirement = (spec: BlenderSpec): Requirement[] =>
  spec.fileVersion === null || spec.openNewer
    ? []
    : [{ key: 'blender.version', op: 'atLeast', value: spec.fileVersion }];

/** How a worker opens the file. */
const openingOf = ({ main, scripts = false, scriptErrors, openNewer }: BlenderSpec): ProbeStageSpec => ({
  main,
  scripts,
  scriptErrors,
  openNewer,
});

const OF_BLENDER: Requirement = { key: 'kinds', op: 'includes', value: 'blender' };

function planProbe(spec: BlenderSpec): StagePlan {
  return {
    name: 'probe',
    spec: openingOf(spec),
    chunks: [{}],
    inputs: spec.files,
    requirements: [OF_BLENDER, ...versionRequirement(spec)],
    // To open a file takes one thread.
    asked: { threads: 1 },
    affinity: affinityOf(spec),
    span: { from: 0, to: 0 },
  };
}

function afterProbe(context: PlanningContext<BlenderSpec>, probe: BlenderProbe): NextStep {
  const { spec, fleet } = context;
  const given =
    context.given === null ? spec.settings : { ...spec.settings, ...RenderOverrides.parse(context.given) };
  const resolved = resolveSettings(probe, given, fleet);
  const inFile = notesOfFile(probe, spec);
  if (spec.review && context.given === null) {
    // Problems here are the user's to see and settle in the form, so defaults are offered as far as they go.
    return {
      step: 'await-settings',
      notes: [...inFile, ...(resolved.ok ? notesOfScene(probe, resolved.settings) : [])],
      defaults: resolved.ok ? resolved.settings : given,
    };
  }
  if (!resolved.ok) return { step: 'fail', code: resolved.code, message: resolved.message };
  const objection = objectionTo(probe, spec);
  if (objection !== null) return { step: 'fail', ...objection };
  const requirements = [...planProbe(spec).requirements, ...resolved.requirements];
  // For a graphics card it waits: one may come in the evening.
  const problem = fleetProblem(
    fleet,
    requirements.filter(({ key }) => key !== 'blender.gpu'),
  );
  if (problem !== null) return { step: 'fail', ...problem };
  const told = spec.review ? [] : [...inFile, ...notesOfScene(probe, resolved.settings)];
  const notes = [...told, ...resolved.notes];
  return {
    step: 'stage',
    stage: planRender(spec, resolved.settings, requirements),
    notes,
    settings: resolved.settings,
  };
}

/** Why the file is not to be rendered as it is, where its owner has not said that it may. */
function objectionTo(probe: BlenderProbe, spec: BlenderSpec): { code: string; message: string } | null {
  const [missing] = probe.missing;
  if (spec.strict && missing !== undefined) {
    const others = probe.missing.length - 1;
    const more = others === 0 ? '' : `, and ${others} more ${others === 1 ? 'is' : 'are'}`;
    return {
      code: 'file-missing',
      message: `Nothing was rendered, as the job is strict about missing files: the ${missing.type} "${missing.name}" is missing (${missing.path})${more}.`,
    };
  }
  // Who looked at the file and its notes before the start has decided.
  if (spec.scripts !== undefined || spec.review || probe.drivers.length === 0) return null;
  return {
    code: 'scripts-undecided',
    message: `${listed(probe.drivers)} ${probe.drivers.length === 1 ? 'is' : 'are'} driven by Python expressions, which Blender only evaluates where scripts may run; without them the pictures differ. Send the job again and say which: scripts on (--scripts), if you trust the file, or off (--no-scripts).`,
  };
}

function planRender(spec: BlenderSpec, settings: RenderSettings, requirements: Requirement[]): StagePlan {
  const frames = parseFrames(settings.frames);
  if (!frames.ok) throw new Error(`settings were resolved with malformed frames: ${frames.message}`);
  return {
    name: 'render',
    spec: RenderStageSpec.parse({ ...openingOf(spec), settings }),
    chunks: frames.frames.map((frame, index) =>
      index === 0 && settings.sound ? { frame, sound: true } : { frame },
    ),
    inputs: spec.files,
    requirements,
    affinity: affinityOf(spec),
  };
}

function afterRender({ last }: PlanningContext<BlenderSpec>): NextStep {
  if (last.failedCount === 0) return { step: 'assemble' };
  const frames = last.failed.map((chunk) => RenderChunkSpec.parse(chunk.spec).frame);
  const shown = frames.slice(0, 10).join(', ') + (last.failedCount > 10 ? ', …' : '');
  const first = last.failed[0];
  const lines = first?.log.trim().split('\n').slice(-5).join('\n') ?? '';
  return {
    step: 'fail',
    code: 'frames-missing',
    message:
      `${last.failedCount} of ${last.total} frames could not be rendered: ${shown}. ` +
      `${first?.message ?? ''} The other frames can be downloaded; "Retry failed" tries the missing ones again.` +
      (lines === '' ? '' : `\n\nLast lines of frame ${frames[0]}:\n${lines}`),
  };
}
