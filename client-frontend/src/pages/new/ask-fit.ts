import { type FitQuestion, WorkerFit } from '@parallel-pilot/shared/api/machines.ts';
import { request } from '../../api/request.ts';

/** How many workers such a job could go to, and what there is to choose from. */
export const askFit = (question: FitQuestion, signal?: AbortSignal): Promise<WorkerFit> =>
  request(WorkerFit, '/api/v1/workers/fit', { method: 'POST', body: question, signal });
