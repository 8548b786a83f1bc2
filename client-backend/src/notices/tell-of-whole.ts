import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver, type JobState, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { Whole } from '@parallel-pilot/shared/model/notice.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { addNotices } from '@parallel-pilot/shared/server/db/notices.ts';
import { lockPipeline, pipelinesOfJobs } from '@parallel-pilot/shared/server/db/pipelines.ts';
import { lockSweep, sweepOfJob } from '@parallel-pilot/shared/server/db/sweeps.ts';
import { statesTogether } from '@parallel-pilot/shared/server/db/wholes.ts';
import { type Owned, tellOwner } from './tell-owner.ts';
import type { Told } from './told-events.ts';

export type NamedWhole = Whole & { name: string };

/**
 * What the job was submitted together with; null where it is one by itself. Call it before the job is changed in the
 * transaction of its end: of two that end at once each would take the other for under way, and nobody would be told.
 */
export async function lockWhole(db: Db, { id }: { id: JobId }): Promise<NamedWhole | null> {
  const pipeline = (await pipelinesOfJobs(db, [id])).get(id);
  if (pipeline !== undefined) {
    await lockPipeline(db, pipeline.id);
    return { type: 'pipeline', ...pipeline };
  }
  const sweep = await sweepOfJob(db, id);
  const row = sweep === null ? undefined : await lockSweep(db, sweep);
  return row === undefined ? null : { type: 'sweep', id: row.id, name: row.name };
}

/** Tells the owner of the first of its jobs that fails, and of the whole once all of them are over. */
export async function tellOfWhole(
  db: Db,
  job: Owned,
  { whole, to, now }: { whole: NamedWhole; to: JobState; now: number },
): Promise<void> {
  const states = await statesTogether(db, whole, job.team_id);
  if (states.every(isOver)) {
    const told = endOfWhole(states, job.name, to);
    if (told === null) return;
    const { name, type, id } = whole;
    const subject = { name, kind: type, message: told.message, whole: { type, id } };
    const of = { job: job.id, team: job.team_id, person: job.person_id };
    return addNotices(db, { ...of, event: told.event, cause: String(now), subject, at: now });
  }
  if (to.status !== 'failed' || states.filter((state) => state === 'failed').length > 1) return;
  const message = `${to.message} It is the first of ${whole.name} that failed.`;
  return tellOwner(db, job, { event: 'failed', message }, { now });
}

/** What is told of jobs that are all over, the last of which came `to` its end; null where whoever would be told has canceled them. */
export function endOfWhole(states: readonly JobStatus[], last: string, to: JobState): Told | null {
  const count = (state: JobStatus) => states.filter((one) => one === state).length;
  const [done, failed, canceled] = [count('completed'), count('failed'), count('canceled')];
  if (failed === 0 && (done === 0 || (to.status === 'canceled' && to.reason === undefined))) return null;
  const all = states.length;
  if (done === all)
    return {
      event: 'done',
      message: all === 1 ? 'Its job is done.' : `${all === 2 ? 'Both' : `All ${all}`} jobs are done.`,
    };
  const others = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(canceled > 0 ? [`${canceled} ${canceled === 1 ? 'was' : 'were'} canceled`] : []),
  ];
  const sum = `${done} of ${all} jobs ${done === 1 ? 'is' : 'are'} done, ${others.join(', ')}.`;
  return {
    event: failed > 0 ? 'failed' : 'done',
    message: to.status === 'failed' ? `${sum} ${last}: ${to.message}` : sum,
  };
}
