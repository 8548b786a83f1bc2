import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { BlenderView } from '@parallel-pilot/shared/kinds/blender/view.ts';

/** What only a render has; the site asks each kind about its own jobs alone. */
export function renderOf(job: JobDetail): BlenderView {
  if (job.view.kind !== 'blender') throw new Error(`Job ${job.id} is not a render.`);
  return job.view;
}
