import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';

/** What only a training has; the site asks each kind about its own jobs alone. */
export function trainingOf(job: JobDetail): TrainingView {
  if (job.view.kind !== 'training') throw new Error(`Job ${job.id} is not a training.`);
  return job.view;
}
