import { EXTENSIONS, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import type { FarmKind } from '../kind.ts';
import { prepare } from './prepare.ts';
import { FRAME_FILE } from './rendered-frames.ts';
import { stitch } from './stitch.ts';
import { derivedImage, forgetDerived } from './thumbnails.ts';

/** The backend's part of rendering a .blend. */
export const blenderBackend: FarmKind = {
  prepare,
  gathers: [],
  gather: async () => ({ outcome: 'gathered', value: null, blobs: [] }),
  assemble: (parts, { job, onProgress, signal }) => stitch(parts, job.id, onProgress, signal),
  stopsOnFailure: (spec) => BlenderSpec.parse(spec).onFailure === 'stop',
  fleetProblem,
  async view({ db }, job) {
    const spec = BlenderSpec.parse(JSON.parse(job.spec_json));
    const [first] = await stagesOf(db, job.id);
    const probe = first === undefined ? undefined : await doneChunk(db, first.id, 0);
    return {
      kind: 'blender',
      fileName: spec.source.fileName,
      scripts: spec.scripts ?? false,
      review: spec.review,
      overrides: spec.settings,
      probe: BlenderProbe.safeParse(JSON.parse(probe?.result_json ?? 'null')).data ?? null,
      settings: job.settings_json === null ? null : JSON.parse(job.settings_json),
    };
  },
  showsPrints: false,
  images: {
    stage: 'render',
    file: FRAME_FILE,
    framesOf(stageSpec) {
      const parsed = parseFrames(RenderStageSpec.parse(stageSpec).settings.frames);
      return parsed.ok ? parsed.frames : [];
    },
    extension: (stageSpec) => EXTENSIONS[RenderStageSpec.parse(stageSpec).settings.format],
    derived(parts, { job, blob, stageSpec }, what) {
      const { settings } = RenderStageSpec.parse(stageSpec);
      const expected = { format: settings.format, ...frameSize(settings) };
      return derivedImage(parts, { job, hash: blob, expected }, what);
    },
    forget: forgetDerived,
  },
};
