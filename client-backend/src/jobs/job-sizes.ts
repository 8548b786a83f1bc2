import { bytesOfNamedBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { setJobBytes, unmeasuredJobs } from '@parallel-pilot/shared/server/db/job-list.ts';
import { bytesOfChunks } from '../limits/chunk-bytes.ts';
import type { Parts } from '../parts.ts';

const JOBS_AT_ONCE = 20;

/**
 * Measures jobs that are over and were not measured: their inputs, artifacts and
 * what their chunks delivered. Files that jobs share count in each of them.
 */
export async function measureJobs(parts: Parts): Promise<void> {
  for (const job of await unmeasuredJobs(parts.db, JOBS_AT_ONCE)) {
    const bytes = (await bytesOfNamedBlobs(parts.db, job)) + (await bytesOfChunks(parts.db, job));
    if (await setJobBytes(parts.db, job, bytes)) parts.live.jobChanged(job);
  }
}
