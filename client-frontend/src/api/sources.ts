import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';

/** Where it is kept. */
export const sourceKey = (job: string) => `parallel-pilot.source.${job}`;

/** Keeps what a job was created from, in this tab, so that it can be created again with another choice. */
export function rememberSource(job: string, created: CreateJob): void {
  try {
    sessionStorage.setItem(sourceKey(job), JSON.stringify(created));
  } catch {
    // Storage is full or shut off: the file has to be sent again then.
  }
}
