import type { JobNote } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { lostAttempts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../parts.ts';
import { labelChunks } from './chunk-labels.ts';

const MOST_ATTEMPTS = 200;
const MOST_NAMED = 3;

/** A note for each worker that was lost at work on the job, read from its leases: no hint can be missed. */
export async function lostWorkerNotes({ db }: Parts, job: JobHead): Promise<JobNote[]> {
  const lost = await lostAttempts(db, job.id, MOST_ATTEMPTS);
  if (lost.length === 0) return [];
  const chunks = lost.map((attempt) => attempt.chunk);
  const label = await labelChunks(db, kindOf(job.kind), chunks);
  return [...Map.groupBy(lost, (attempt) => attempt.worker).values()].map((attempts) => {
    const [newest] = attempts;
    const labels = [...new Set(attempts.map((attempt) => label(attempt.chunk)))];
    const more = labels.length - MOST_NAMED;
    const work = [...labels.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
    return {
      at: newest?.ended_at ?? newest?.granted_at ?? job.created_at,
      level: 'warning',
      code: 'worker-lost',
      message: `Worker ${newest?.worker_name ?? newest?.worker} was lost while it had ${work}. Others are given what it had.`,
    };
  });
}
