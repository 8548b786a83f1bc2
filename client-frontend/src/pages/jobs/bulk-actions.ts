import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { commandJob, deleteJob, patchJob } from '../../api/farm.ts';
import { isStatus } from '../../api/request.ts';
import { plural } from '../../components/format.ts';

/** What can be done with several jobs at once. */
export type BulkAction = { do: 'cancel' | 'retry' | 'delete' } | { do: 'priority'; priority: number };

/** Those of the jobs with which it can be done as they stand. */
export function fitting<J extends Pick<JobSummary, 'state'>>(
  jobs: readonly J[],
  what: BulkAction['do'],
): J[] {
  switch (what) {
    case 'cancel':
    case 'priority':
      return jobs.filter((job) => !isOver(job.state));
    case 'retry':
      return jobs.filter((job) => job.state === 'failed' || job.state === 'canceled');
    case 'delete':
      return [...jobs];
    default:
      return what satisfies never;
  }
}

export async function actOn(id: string, action: BulkAction): Promise<void> {
  if (action.do === 'priority') return patchJob(id, { priority: action.priority });
  if (action.do !== 'delete') return commandJob(id, action.do);
  await deleteJob(id).catch((error) => {
    // Somebody else was faster; it is gone, as was wished.
    if (!isStatus(error, 404)) throw error;
  });
}

const AT_ONCE = 4;

export type BulkOutcome<J> = { done: J[]; refused: { job: J; error: unknown }[] };

/** Does it with each of the jobs, a few at a time; one that is refused keeps none of the others back. */
export async function doWithAll<J>(
  jobs: readonly J[],
  act: (job: J) => Promise<void>,
  onProgress: (count: number) => void,
): Promise<BulkOutcome<J>> {
  const outcome: BulkOutcome<J> = { done: [], refused: [] };
  const waiting = [...jobs];
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      try {
        await act(job);
        outcome.done.push(job);
      } catch (error) {
        outcome.refused.push({ job, error });
      }
      onProgress(outcome.done.length + outcome.refused.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
}

const DONE: Record<BulkAction['do'], string> = {
  cancel: 'canceled',
  retry: 'taken up again',
  delete: 'deleted',
  priority: 'moved in the queue',
};

/** "3 jobs canceled." */
export const doneInWords = (action: BulkAction, count: number): string =>
  `${plural(count, 'job')} ${DONE[action.do]}.`;
