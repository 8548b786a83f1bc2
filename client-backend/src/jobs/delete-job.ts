import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { deleteJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { forgetEmptyPipelines, pipelinesOfJobs } from '@parallel-pilot/shared/server/db/pipelines.ts';
import { forgetEmptySweep, sweepOfJob } from '@parallel-pilot/shared/server/db/sweeps.ts';
import type { PartsWithEngine } from './engine.ts';

/**
 * Removes a job that is over. Its blobs are left to the sweep, which begins
 * now: only a look at everything else tells which of them nobody uses.
 */
export async function deleteJobWithBlobs(parts: PartsWithEngine, id: JobId): Promise<void> {
  await inTransaction(parts.db, async (db) => {
    const sweep = await sweepOfJob(db, id);
    const pipeline = (await pipelinesOfJobs(db, [id])).get(id);
    await deleteJob(db, id);
    if (pipeline !== undefined) await forgetEmptyPipelines(db, [pipeline.id]);
    if (sweep !== null) await forgetEmptySweep(db, sweep);
  });
  parts.engine.sweepBlobs().catch((err) => parts.log.warn({ event: 'blobs.sweep-failed', err }));
}
