import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { CommandView } from '@parallel-pilot/shared/kinds/command/view.ts';

/** What only a command has; the site asks each kind about its own jobs alone. */
export function commandOf(job: JobDetail): CommandView {
  if (job.view.kind !== 'command') throw new Error(`Job ${job.id} is not a command.`);
  return job.view;
}
