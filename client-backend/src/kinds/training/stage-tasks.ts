import { ENVIRONMENT } from '@parallel-pilot/shared/kinds/training/packages.ts';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';
import { checkResults } from './check/check-results.ts';
import { keepInstalled } from './environment/environments.ts';
import { splitData } from './split/split.ts';

/** What the backend does between the stages of a training: it splits the data, and checks what comes in. */
export function runStageTask(parts: Parts, task: BackgroundTask): Promise<StageTaskResult> {
  switch (task.stage.name) {
    case 'split':
      return splitData(parts, task);
    case ENVIRONMENT:
      return keepInstalled(parts, task);
    default:
      return checkResults(parts, task);
  }
}
