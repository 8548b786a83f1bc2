import { nameOfSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import { ARCHIVE, BUILD, FETCH } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/function/needs.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { MOST_CALL_CHARACTERS } from '@parallel-pilot/shared/protocol/calls.ts';
import { keepInstalled } from '../../packages/environments.ts';
import type { FarmKind } from '../kind.ts';
import { prepare } from './prepare.ts';
import { functionRoutes } from './routes/routes.ts';
import { takeImage } from './version-image.ts';

/** The backend's part of functions. Its jobs keep instances; calls go past them. */
export const functionBackend: FarmKind = {
  prepare,
  outline() {
    throw new Error('a function takes no results of jobs');
  },
  stageTasks: [ENVIRONMENT, ARCHIVE, FETCH, BUILD],
  runStageTask: (parts, task) =>
    task.stage.name === ENVIRONMENT
      ? keepInstalled(parts, task, FunctionSpec.parse(JSON.parse(task.job.spec_json)))
      : takeImage(parts, task),
  assemble: async () => ({ outcome: 'complete', artifacts: [], notes: [] }),
  stopsOnFailure: () => false,
  fleetProblem,
  async view(_, { spec_json }) {
    const { name, version, handler, image, settings } = FunctionSpec.parse(JSON.parse(spec_json));
    const of = image === null ? null : nameOfSource(image);
    return { kind: 'function', name, version, handler, image: of, settings };
  },
  showsPrints: true,
  routes: functionRoutes,
  longBodies: [
    { path: /^\/api\/v1\/functions$/, bytes: 4 * MOST_CALL_CHARACTERS },
    { path: /^\/api\/v1\/(public\/)?functions\/[^/]+\/invoke$/, bytes: null },
  ],
};
