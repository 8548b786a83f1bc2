import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import type { z } from 'zod';
import { refuseNewJob, refuseWaitingJobs } from '../limits/keep-limits.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { announceNew, prepareJob, storeJob } from './new-job.ts';

/** Takes a job in, or several where its kind makes several of one submission: all that it is, in one transaction. `job` is the first. */
export async function submit(
  parts: Parts,
  by: Pick<Principal, 'person' | 'team'>,
  request: z.output<typeof CreateJob>,
): Promise<{ ok: true; job: JobId } | SubmissionRefusal> {
  const refused = await refuseNewJob(parts, by);
  if (refused !== null) return refused;
  const prepared = await prepareJob(parts, by, request);
  if (!prepared.ok) return prepared;
  const stored = await inTransaction(parts.db, async (db) => {
    const full = await refuseWaitingJobs(parts, db, by, prepared.made.length);
    return full ?? storeJob(db, parts, prepared);
  });
  if (!stored.ok) return stored;
  announceNew(parts, prepared);
  const [first] = prepared.made;
  if (first === undefined) throw new Error('a submission of no job');
  return { ok: true, job: first.id };
}
