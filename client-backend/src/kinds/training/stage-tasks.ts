import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';
import { checkResults } from './check/check-results.ts';
import { splitData } from './split/split.ts';

/** What the backend does between the stages of a training: it splits the data, and checks what comes in. */
export const runStageTask = (parts: Parts, task: BackgroundTask): Promise<StageTaskResult> =>
  task.stage.name === 'split' ? splitData(parts, task) : checkResults(parts, task);
