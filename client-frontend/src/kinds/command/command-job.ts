import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { RunsView } from '@parallel-pilot/shared/kinds/command/view.ts';

/** What only a job has that runs a command; the site asks each kind about its own jobs alone. */
export function commandOf(job: JobDetail): RunsView {
  if (!('runs' in job.view)) throw new Error(`Job ${job.id} runs no command.`);
  return job.view;
}
