import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import {
  countDeath,
  deadlyBackgroundTasks,
  heldBackgroundTasks,
  setDeaths,
} from '@parallel-pilot/shared/server/db/background-tasks.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { changeJob } from '../change-job.ts';
import type { Parts } from '../parts.ts';
import { isGone } from '../processes.ts';
import { announce } from './announce.ts';

/** The first death may have been anybody's: a power cut, the work of another job. The second one it was alone at. */
export const MOST_DEATHS = 2;

/**
 * Looks at what processes that died have left under way. Gives the suspects:
 * jobs on whose work one has died, each of them to be run alone. A job on
 * which a second one has died is set aside, and is a suspect still when its
 * user has it tried again.
 */
export async function judgeDeaths(parts: Parts, process: string): Promise<Set<JobId>> {
  for (const held of await heldBackgroundTasks(parts.db)) {
    if (held.process !== process && held.process !== null && isLeft(held, parts.clock()))
      await countDeath(parts.db, held.job_id, held.process);
  }
  const deadly = await deadlyBackgroundTasks(parts.db);
  for (const { job_id: job, deaths } of deadly) if (deaths >= MOST_DEATHS) await setAside(parts, job);
  const suspects = deadly.map(({ job_id: job }) => job);
  if (suspects.length > 0) parts.log.warn({ event: 'background-tasks.suspect', jobs: suspects });
  return new Set(suspects);
}

/** True when the process that had it does not live any more, as far as can be told. */
export const isLeft = (
  { process, expires_at }: { process: string | null; expires_at: number | null },
  now: number,
): boolean => process !== null && ((expires_at ?? 0) <= now || isGone(process));

async function setAside(parts: Parts, id: JobId): Promise<void> {
  const job = await findJob(parts.db, id);
  if (job === undefined) return;
  const now = parts.clock();
  const message = messageFor(job.state);
  const changed = await inTransaction(parts.db, async (db) => {
    await setDeaths(db, id, MOST_DEATHS - 1);
    const failed = await changeJob(db, job, { type: 'fail', code: 'set-aside', message }, now);
    if (failed.ok) await addNotes(db, id, [{ level: 'error', code: 'set-aside', message }], now);
    return failed.ok;
  });
  if (!changed) return;
  parts.log.error({ event: 'job.set-aside', job: id }, 'A job on which the backend died twice is set aside');
  announce(parts, id);
}

const messageFor = (state: JobStatus): string =>
  `The farm's backend ended twice in the middle of ${state === 'assembling' ? "putting this job's result together" : "looking through this job's results"}, so the job is set aside and all others go on. What the workers made is safe. "Retry" tries again; if that ends the same way, the last lines of the backend's log say why, and one of the results may be what it cannot stand.`;
