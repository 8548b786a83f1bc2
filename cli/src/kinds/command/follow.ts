import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { RunsView } from '@parallel-pilot/shared/kinds/command/view.ts';
import { type Follow, followJob } from '../../follow/follow.ts';
import type { Trail } from '../../follow/view.ts';
import type { CommandProgress } from './events.ts';

/** Follows a command by the count of its runs. */
const trail: Trail<null, never> = {
  opening: null,
  fetch: async () => null,
  take: (view) => ({ view, events: [] }),
  patch: (view, patch) => ({ view, events: [], stale: patch.changed }),
  progress: ({ job }) => ({ command: progressOf(job) }),
};

export const followCommand: Follow = (api, id, options) => followJob(trail, api, id, options);

/** Counts of runs; those of chunks come with every patch, those of runs when the job is fetched. */
function progressOf(job: JobDetail): CommandProgress {
  const { runs } = commandOf(job);
  const { total, done, failed } = job.counts;
  const before = runs.total - runs.stage;
  const now = total === 0 ? 0 : Math.min(runs.stage, Math.round((done / total) * runs.stage));
  return { runs: runs.total, done: Math.max(runs.done, before + now), failed: Math.max(runs.failed, failed) };
}

/** What a job shows that runs a command; one of another kind does not come here. */
export function commandOf({ view, id }: Pick<JobDetail, 'view' | 'id'>): RunsView {
  if (!('runs' in view)) throw new Error(`job ${id} is a ${view.kind} job, not a command`);
  return view;
}
