import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import type { LoadForecast } from '../forecast/load-forecast.ts';
import { waitUntil } from '../forecast/outlook.ts';

/** Reasons for which a job waits and will be given workers by itself. */
const FOR_WORKERS: readonly string[] = ['busy', 'next', 'assigned'];

/** A job of which nothing is done, and that only waits for workers. */
const waitsForWorkers = ({ state, etaSeconds, counts, waiting }: JobSummary): boolean =>
  state === 'queued' &&
  etaSeconds === null &&
  counts.queued > 0 &&
  counts.done === 0 &&
  waiting !== null &&
  FOR_WORKERS.includes(waiting.code);

/**
 * Gives jobs that have not begun the time by which workers are expected to have done all that waits now: equal jobs
 * are kept level, so that they end together, and an urgent one is done before. `whole`: there is no later stage to it.
 */
export async function withQueueEta(
  forecast: Pick<LoadForecast, 'outlook'>,
  jobs: readonly JobSummary[],
  whole: (job: JobSummary) => boolean,
): Promise<JobSummary[]> {
  const waits = (job: JobSummary) => waitsForWorkers(job) && whole(job);
  if (!jobs.some(waits)) return [...jobs];
  const outlook = await forecast.outlook();
  const end = outlook.waitingMs > 0 ? waitUntil(outlook, outlook.waitingMs) : null;
  if (end === null) return [...jobs];
  const etaSeconds = (end - outlook.now) / 1_000;
  return jobs.map((job) => (waits(job) ? { ...job, etaSeconds } : job));
}
