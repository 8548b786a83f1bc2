import { RUNS } from '@parallel-pilot/shared/kinds/command/kind.ts';
import { fleetProblem } from '@parallel-pilot/shared/kinds/container/needs.ts';
import { ContainerSpec } from '@parallel-pilot/shared/kinds/container/spec.ts';
import { ARCHIVE, BUILD, FETCH } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { commandBackend } from '../command/index.ts';
import type { FarmKind } from '../kind.ts';
import { imageTask } from './image-task.ts';
import { outline, prepare } from './prepare.ts';
import { viewContainer } from './view.ts';

const { routes: _, longAnswers: __, ...runs } = commandBackend;

/** The backend's part of running commands in images: that of commands, whose routes answer for these jobs too. */
export const containerBackend: FarmKind = {
  ...runs,
  prepare,
  outline,
  stageTasks: [ARCHIVE, FETCH, BUILD, ...runs.stageTasks],
  runStageTask: (parts, task) =>
    task.stage.name === RUNS
      ? runs.runStageTask(parts, task)
      : imageTask(parts, task, {
          source: ContainerSpec.parse(JSON.parse(task.job.spec_json)).image,
          kind: 'container',
        }),
  fleetProblem,
  view: viewContainer,
};
