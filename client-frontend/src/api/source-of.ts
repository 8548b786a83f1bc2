import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { sourceKey } from './sources.ts';

/** What the job was created from; null for a job of another tab. */
export function sourceOf(job: string): CreateJob | null {
  try {
    const stored = sessionStorage.getItem(sourceKey(job));
    const parsed = stored === null ? null : CreateJob.safeParse(JSON.parse(stored));
    return parsed?.success ? parsed.data : null;
  } catch {
    return null;
  }
}
