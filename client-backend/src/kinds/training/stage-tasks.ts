import { MASKED } from '@parallel-pilot/shared/kinds/training/secure/names.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { keepInstalled } from '../../packages/environments.ts';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';
import { checkMasked } from './check/check-masked.ts';
import { checkResults } from './check/check-results.ts';
import { splitData } from './split/split.ts';

/** What the backend does between the stages of a training: it splits the data, and checks what comes in. */
export function runStageTask(parts: Parts, task: BackgroundTask): Promise<StageTaskResult> {
  switch (task.stage.name) {
    case 'split':
      return splitData(parts, task);
    case ENVIRONMENT:
      return keepInstalled(parts, task, TrainingSpec.parse(JSON.parse(task.job.spec_json)));
    case MASKED:
      return checkMasked(parts, task);
    default:
      return checkResults(parts, task);
  }
}
