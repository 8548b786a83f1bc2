import { fleetProblem } from '@parallel-pilot/shared/kinds/command/needs.ts';
import type { FarmKind } from '../kind.ts';
import { assembleCommand } from './assemble.ts';
import { leftOver } from './left-over.ts';
import { outline, prepare } from './prepare.ts';
import { resultsBundle } from './results-bundle.ts';
import { commandRoutes } from './routes.ts';
import { viewCommand } from './view.ts';

/** So many runs that failed for good are no accident any more. */
const MOST_FAILED = 1_000;

/** The backend's part of running commands. */
export const commandBackend: FarmKind = {
  prepare,
  outline,
  stageTasks: ['runs'],
  runStageTask: leftOver,
  assemble: assembleCommand,
  stopsOnFailure: (_, failed) => failed >= MOST_FAILED,
  fleetProblem,
  view: viewCommand,
  showsPrints: true,
  bundle: resultsBundle,
  routes: commandRoutes,
  longAnswers: ['/api/v1/jobs/:id/runs'],
};
