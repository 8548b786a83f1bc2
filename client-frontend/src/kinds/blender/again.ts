import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { createJob } from '../../api/farm.ts';
import { rememberSource } from '../../api/sources.ts';

/** Another look into the same file, whose form then begins with the settings of before. */
export async function again(submission: CreateJob): Promise<string> {
  if (submission.kind !== 'blender') throw new Error('This job is not a render.');
  const next = { ...submission, review: true };
  const id = await createJob(next);
  rememberSource(id, next);
  return `/jobs/${id}`;
}

/** One frame as another job, with these settings and no video. */
export async function renderOneFrame(
  submission: CreateJob,
  frame: number,
  name: string,
  settings: Record<string, unknown> = {},
): Promise<string> {
  if (submission.kind !== 'blender') throw new Error('This job is not a render.');
  return createJob({
    ...submission,
    name: name.slice(0, 200),
    review: false,
    settings: { ...submission.settings, ...settings, frames: String(frame), video: 'none' },
  });
}
