import { EXTENSIONS, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import type { FarmKind } from '../kind.ts';
import { prepare } from './prepare.ts';
import { FRAME_FILE } from './rendered-frames.ts';
import { stitch } from './stitch.ts';
import { derivedImage, forgetDerived } from './thumbnails.ts';

/** The backend's part of rendering a .blend. */
export const blenderBackend: FarmKind = {
  prepare,
  assemble: stitch,
  stopsOnFailure: (spec) => BlenderSpec.parse(spec).onFailure === 'stop',
  fleetProblem,
  describe(stored, firstResult) {
    const spec = BlenderSpec.parse(stored);
    return {
      fileName: spec.source.fileName,
      scripts: spec.scripts,
      review: spec.review,
      overrides: spec.settings,
      probe: BlenderProbe.safeParse(firstResult).data ?? null,
    };
  },
  images: { stage: 'render', file: FRAME_FILE },
  framesOf(stageName, stageSpec) {
    if (stageName !== 'render') return null;
    const parsed = parseFrames(RenderStageSpec.parse(stageSpec).settings.frames);
    return parsed.ok ? parsed.frames : null;
  },
  imageExtension: (stageSpec) => EXTENSIONS[RenderStageSpec.parse(stageSpec).settings.format],
  derivedImage,
  forget: forgetDerived,
};
