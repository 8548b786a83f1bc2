import { fleetProblem } from '@parallel-pilot/shared/kinds/training/needs.ts';
import { MASKED } from '@parallel-pilot/shared/kinds/training/secure/names.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import type { FarmKind } from '../kind.ts';
import { assembleTraining } from './assemble/assemble.ts';
import { outline, prepare } from './prepare.ts';
import { trainingRoutes } from './routes.ts';
import { shownBundle } from './shown/shown-bundle.ts';
import { forgetShown } from './shown/shown-files.ts';
import { runStageTask } from './stage-tasks.ts';
import { heldAtRung } from './sweeps/rung-report.ts';
import { steerSweeps } from './sweeps/steer-sweeps.ts';
import { viewTraining } from './view.ts';

/** The backend's part of training a model. */
export const trainingBackend: FarmKind = {
  prepare,
  outline,
  stageTasks: ['split', ENVIRONMENT, 'initialize', 'train', MASKED, 'merge'],
  runStageTask,
  assemble: assembleTraining,
  // A shard that is lost may be done without; the plan counts.
  stopsOnFailure: () => false,
  fleetProblem,
  view: viewTraining,
  showsPrints: true,
  bundle: shownBundle,
  forget: forgetShown,
  pausesWith: heldAtRung,
  tend: steerSweeps,
  routes: trainingRoutes,
  longAnswers: ['/api/v1/jobs/:id/curves', '/api/v1/jobs/:id/rounds', '/api/v1/sweeps/:id'],
};
