import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';

const key = (job: string) => `parallel-pilot.source.${job}`;

/** Keeps what a job was created from, in this tab, so that it can be created again with another choice. */
export function rememberSource(job: string, created: CreateJob): void {
  try {
    sessionStorage.setItem(key(job), JSON.stringify(created));
  } catch {
    // Storage is full or shut off: the file has to be sent again then.
  }
}

/** What the job was created from; null for a job of another tab. */
export function sourceOf(job: string): CreateJob | null {
  try {
    const stored = sessionStorage.getItem(key(job));
    const parsed = stored === null ? null : CreateJob.safeParse(JSON.parse(stored));
    return parsed?.success ? parsed.data : null;
  } catch {
    return null;
  }
}
