import type { JobNote } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { bytesInWords, MORE_MEMORY } from '@parallel-pilot/shared/model/resources.ts';
import { attemptsShortOfMemory } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../parts.ts';
import { labelChunks } from './chunk-labels.ts';

const MOST_ATTEMPTS = 200;
const MOST_NAMED = 3;

/** A note for each worker that had too little memory for parts of the job, read from its leases: no hint can be missed. */
export async function memoryNotes({ db }: Pick<Parts, 'db'>, job: JobHead): Promise<JobNote[]> {
  const ended = await attemptsShortOfMemory(db, job.id, MOST_ATTEMPTS);
  if (ended.length === 0) return [];
  const label = await labelChunks(
    db,
    kindOf(job.kind),
    ended.map((attempt) => attempt.chunk),
  );
  const alike = Map.groupBy(ended, ({ worker, peak_memory_bytes: peak }) => `${worker} ${peak}`);
  return [...alike.values()].map((attempts) => {
    const [newest] = attempts;
    const peak = newest?.peak_memory_bytes ?? 0;
    const labels = [...new Set(attempts.map((attempt) => label(attempt.chunk)))];
    const more = labels.length - MOST_NAMED;
    const work = [...labels.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
    const where = newest?.worker_name ?? newest?.worker;
    return {
      at: newest?.ended_at ?? job.created_at,
      level: 'warning',
      code: 'out-of-memory',
      message: `${work} needed more than ${bytesInWords(peak)} of memory on worker ${where} and ended. The next try is where there is ${bytesInWords(MORE_MEMORY * peak)}.`,
    };
  });
}
