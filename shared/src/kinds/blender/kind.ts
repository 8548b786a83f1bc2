import type { Requirement } from '../../model/requirement.ts';
import type { Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { FrameResult, ProbeResult, ProbeStageSpec, RenderChunkSpec, RenderStageSpec } from './chunks.ts';
import { parseFrames } from './frames.ts';
import { BlenderProbe } from './probe.ts';
import { fleetProblem, resolveSettings } from './resolve.ts';
import { resultProblem } from './result-problem.ts';
import { RenderOverrides, type RenderSettings } from './settings.ts';
import { BlenderSpec } from './spec.ts';

/** Rendering a .blend: probe once, then one chunk for each frame, then stitch. */
export const blender: Kind<BlenderSpec> = {
  name: 'blender',
  spec: BlenderSpec,
  first: planProbe,
  next(context) {
    const { last } = context;
    if (last.name === 'render') return afterRender(context);
    const failure = last.failed[0];
    if (failure !== undefined) return { step: 'fail', code: failure.code, message: failure.message };
    return afterProbe(context, BlenderProbe.parse(last.done[0]?.result));
  },
  parseResult: (stageName, result) =>
    stageName === 'probe' ? ProbeResult.parse(result) : FrameResult.parse(result),
  resultProblem,
  chunkInputs: () => [],
  label: (stageName, chunkSpec) =>
    stageName === 'probe' ? 'Reading the file' : `Frame ${RenderChunkSpec.parse(chunkSpec).frame}`,
};

/** Same inputs opened in the same way can share one open Blender. */
const affinityOf = (spec: BlenderSpec): string =>
  `blender:${spec.source.blob}:${spec.main}:${spec.scripts ? 'scripts' : 'plain'}`;

const versionRequirement = (spec: BlenderSpec): Requirement[] =>
  spec.fileVersion === null ? [] : [{ key: 'blender.version', op: 'atLeast', value: spec.fileVersion }];

function planProbe(spec: BlenderSpec): StagePlan {
  return {
    name: 'probe',
    spec: ProbeStageSpec.parse({ main: spec.main, scripts: spec.scripts }),
    chunks: [{}],
    inputs: spec.files,
    requirements: [{ key: 'kinds', op: 'includes', value: 'blender' }, ...versionRequirement(spec)],
    affinity: affinityOf(spec),
    span: { from: 0, to: 0 },
  };
}

function afterProbe(context: PlanningContext<BlenderSpec>, probe: BlenderProbe): NextStep {
  const { spec, fleet } = context;
  const given =
    context.given === null ? spec.settings : { ...spec.settings, ...RenderOverrides.parse(context.given) };
  const resolved = resolveSettings(probe, given, fleet);
  if (spec.review && context.given === null) {
    // Problems here are the user's to see and settle in the form, so defaults are offered as far as they go.
    return {
      step: 'await-settings',
      notes: notesOf(probe),
      defaults: resolved.ok ? resolved.settings : given,
    };
  }
  if (!resolved.ok) return { step: 'fail', code: resolved.code, message: resolved.message };
  const requirements = [...planProbe(spec).requirements, ...resolved.requirements];
  const problem = fleetProblem(fleet, requirements);
  if (problem !== null) return { step: 'fail', ...problem };
  const notes = [...(spec.review ? [] : notesOf(probe)), ...resolved.notes];
  return {
    step: 'stage',
    stage: planRender(spec, resolved.settings, requirements),
    notes,
    settings: resolved.settings,
  };
}

function planRender(spec: BlenderSpec, settings: RenderSettings, requirements: Requirement[]): StagePlan {
  const frames = parseFrames(settings.frames);
  if (!frames.ok) throw new Error(`settings were resolved with malformed frames: ${frames.message}`);
  return {
    name: 'render',
    spec: RenderStageSpec.parse({ main: spec.main, scripts: spec.scripts, settings }),
    chunks: frames.frames.map((frame) => ({ frame })),
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

function notesOf(probe: BlenderProbe) {
  const missing = probe.missing.map((file) => ({
    level: 'warning' as const,
    code: 'file-missing',
    message: `The ${file.type} "${file.name}" is missing: ${file.path}. Send a .zip with the .blend and its files, or pack them into the .blend.`,
  }));
  const scripts =
    probe.scripts.length === 0
      ? []
      : [
          {
            level: 'info' as const,
            code: 'scripts-off',
            message: `The file holds scripts that want to run on load (${probe.scripts.join(', ')}). They run only if scripts are switched on for the job.`,
          },
        ];
  return [...missing, ...scripts];
}
