import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/blender/resolve.ts';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import type { FarmKind } from '../kind.ts';
import { framesBundle } from './frames-bundle.ts';
import { outline, prepare } from './prepare.ts';
import { frameRoutes } from './routes.ts';
import { stitch } from './stitch.ts';
import { forgetDerived } from './thumbnails.ts';

/** The backend's part of rendering a .blend. */
export const blenderBackend: FarmKind = {
  prepare,
  outline,
  stageTasks: [],
  runStageTask: async () => ({ outcome: 'done', value: null, blobs: [] }),
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
  bundle: framesBundle,
  forget: forgetDerived,
  routes: frameRoutes,
};
