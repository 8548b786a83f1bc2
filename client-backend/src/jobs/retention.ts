import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes, dropNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import {
  dropNotesOfLiveJobs,
  type EndingJob,
  jobsFinishedBefore,
  teamsWithLimits,
} from '@parallel-pilot/shared/server/db/retention.ts';
import { daysKept, teamLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import { audit, THE_FARM } from '../audit/audit.ts';
import { awaitedProblem } from './blocked.ts';
import { deleteJobWithBlobs } from './delete-job.ts';
import type { PartsWithEngine } from './engine.ts';

const DAY_MS = 24 * 60 * 60_000;
/** A job is told of its end so long before, and half of what it is kept where that is less. */
const WARNING_MS = 7 * DAY_MS;
const AT_ONCE = 100;
export const CODE = 'kept-until';

/**
 * Deletes the jobs that have been over for as long as their team keeps them, and says so on them before. None goes
 * that was not told for the whole of the warning, so that a limit set today takes nothing away today. One job at a
 * time: where this process dies, the next sweep goes on.
 */
export async function endKeeping(parts: PartsWithEngine, mail: Mail | null = null): Promise<void> {
  const told: EndingJob[] = [];
  await dropNotesOfLiveJobs(parts.db, CODE);
  for (const team of await teamsWithLimits(
    parts.db,
    parts.config.teamLimits.retentionDays !== undefined,
    CODE,
  )) {
    const days = daysKept(teamLimitsOf(team), parts.config.teamLimits);
    const kept = days === null ? null : days * DAY_MS;
    const warning = kept === null ? 0 : Math.min(WARNING_MS, kept / 2);
    // Where nothing is deleted any more, what was said before is taken back.
    const before = kept === null ? null : parts.clock() - kept + warning;
    for (let after: EndingJob | null = null; ; ) {
      const jobs: EndingJob[] = await jobsFinishedBefore(
        parts.db,
        team.id,
        { before, after, limit: AT_ONCE },
        CODE,
      );
      for (const job of jobs)
        if (await bringToEnd(parts, job, days === null ? null : { days, warning })) told.push(job);
      after = jobs.at(-1) ?? null;
      if (after === null || jobs.length < AT_ONCE) break;
    }
  }
  if (mail !== null) await mailEnds(parts, mail, told);
}

type Keeping = { days: number; warning: number };

/** True where its end was told just now. */
async function bringToEnd(parts: PartsWithEngine, job: EndingJob, keeping: Keeping | null): Promise<boolean> {
  const now = parts.clock();
  if (keeping !== null && job.note === sentenceOf(job, keeping, job.noted_at ?? now)) {
    const told = parts.clock() - (job.noted_at ?? 0) >= keeping.warning;
    if (told && parts.clock() >= job.finished_at + keeping.days * DAY_MS)
      await remove(parts, job, keeping.days);
    return false;
  }
  if (job.note === null && keeping === null) return false;
  await dropNotes(parts.db, job.id, CODE);
  if (keeping !== null) {
    const message = sentenceOf(job, keeping, now);
    await addNotes(parts.db, job.id, [{ level: 'info', code: CODE, message }], now);
  }
  parts.live.jobChanged(job.id);
  return keeping !== null;
}

/** The day is not before the whole of the warning has passed since it was told. */
function sentenceOf({ finished_at }: EndingJob, { days, warning }: Keeping, toldAt: number): string {
  const end = Math.max(finished_at + days * DAY_MS, toldAt + warning);
  const until = new Date(end).toISOString().slice(0, 10);
  return `This job and its results are deleted after ${until} (UTC): the team keeps them for ${days} ${days === 1 ? 'day' : 'days'}. Download what is to stay.`;
}

const MOST_NAMED = 20;

type Mail = { send(mail: { to: string; subject: string; text: string }): Promise<void> };

/** One mail for each person, however many jobs; the notes are what was promised, and a mail that is lost takes nothing away. */
async function mailEnds(parts: PartsWithEngine, mail: Mail, told: EndingJob[]): Promise<void> {
  for (const [id, jobs] of Map.groupBy(told, ({ person_id }) => person_id)) {
    const person = await findPerson(parts.db, id);
    if (person === undefined || person.email === null || person.banned_at !== null) continue;
    const names = jobs.slice(0, MOST_NAMED).map(({ name }) => `- ${name}`);
    const more = jobs.length > MOST_NAMED ? [`and ${jobs.length - MOST_NAMED} more`] : [];
    const text = [
      'The results of these jobs are deleted soon; each says when on its page. Download what is to stay.',
      '',
      ...names,
      ...more,
    ].join('\n');
    await mail
      .send({ to: person.email, subject: 'Results that are deleted soon', text })
      .catch((err) => parts.log.warn({ event: 'mail.not-sent', person: id, err }));
  }
}

function remove(parts: PartsWithEngine, { id, team_id }: EndingJob, days: number): Promise<void> {
  return parts.engine.exclusive(id, async () => {
    if (!(await isStillOver(parts, id)) || (await awaitedProblem(parts.db, id)) !== null) return;
    await audit(parts, { ...THE_FARM, team: team_id }, 'job.expire', id, { days });
    await deleteJobWithBlobs(parts, id);
    parts.live.jobDeleted(id, team_id);
    parts.log.info({ event: 'job.expired', job: id, days });
  });
}

const isStillOver = async ({ db }: PartsWithEngine, id: JobId): Promise<boolean> => {
  const job = await findJob(db, id);
  return job !== undefined && isOver(job.state);
};
