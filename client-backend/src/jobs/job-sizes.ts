import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { bytesOfNamedBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { chunkFiles } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { setJobBytes, unmeasuredJobs } from '@parallel-pilot/shared/server/db/job-list.ts';
import { z } from 'zod';
import type { Parts } from '../parts.ts';

const JOBS_AT_ONCE = 20;
const PAGE = 5_000;
const Files = z.array(ResultFile);

/**
 * Measures jobs that are over and were not measured: their inputs, artifacts and
 * what their chunks delivered. Files that jobs share count in each of them.
 */
export async function measureJobs(parts: Parts): Promise<void> {
  for (const job of await unmeasuredJobs(parts.db, JOBS_AT_ONCE)) {
    const bytes = (await bytesOfNamedBlobs(parts.db, job)) + (await bytesOfChunks(parts, job));
    if (await setJobBytes(parts.db, job, bytes)) parts.live.jobChanged(job);
  }
}

async function bytesOfChunks({ db }: Parts, job: JobId): Promise<number> {
  let bytes = 0;
  for (let after = ''; ; ) {
    const rows = await chunkFiles(db, after, PAGE, job);
    for (const { files_json } of rows) {
      for (const { size } of Files.parse(JSON.parse(files_json))) bytes += size;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return bytes;
    after = last.id;
  }
}
