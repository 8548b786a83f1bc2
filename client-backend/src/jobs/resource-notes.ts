import type { JobNote } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { Asked, bytesInWords, MORE_MEMORY, offersProblem } from '@parallel-pilot/shared/model/resources.ts';
import { attemptsShortOfMemory } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { WAITING } from '@parallel-pilot/shared/server/db/notes.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { offersFor } from '../fleet.ts';
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

/** Says what the parts of an open stage ask for that no worker which is here could ever hold. */
export async function roomNotes(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  job: JobHead,
  stage: Pick<StageRow, 'state' | 'asked_json'>,
): Promise<JobNote[]> {
  if (stage.asked_json === null || stage.state === 'closed' || isOver(job.state)) return [];
  const workers = await offersFor(db, { person: job.person_id, team: job.team_id });
  const problem = offersProblem(Asked.parse(JSON.parse(stage.asked_json)), workers);
  if (problem === null) return [];
  const message = `${problem} The job goes on when one that does joins.`;
  return [{ at: clock(), level: 'warning', code: `${WAITING}room`, message }];
}
