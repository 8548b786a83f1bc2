import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import { deadlineInWords, spanInWords } from '@parallel-pilot/shared/model/end-words.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { datedJobs, noteTold } from '@parallel-pilot/shared/server/db/deadlines.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { addNotes, type NoteRow } from '@parallel-pilot/shared/server/db/notes.ts';
import { tellOwner } from '../notices/tell-owner.ts';
import type { Parts } from '../parts.ts';
import { lessenOf } from './deadline-view.ts';

/** What is told of a deadline, each once, in this order of what matters most. */
type Step = 'past' | 'lost' | 'preempt' | 'first' | 'known';
type Told = { step: Step; note: Omit<NoteRow, 'at'> };
type Dated = Awaited<ReturnType<typeof datedJobs>>[number];

/**
 * Tells on each job with a deadline what comes of it: that it is expected to be met or not as soon as that can be said,
 * each step by which the job goes before others, and that the deadline is past. What was told stands in the job's row,
 * so that two backends, and one that starts again, tell it once.
 */
export function createDeadlineWatch(parts: Parts) {
  return {
    async check(): Promise<void> {
      const jobs = await datedJobs(parts.db);
      if (jobs.length === 0) return;
      const ends = await parts.balancer.endsOf(jobs.map(({ id }) => id));
      for (const job of jobs) await tell(parts, job, ends?.get(job.id) ?? null);
    },
  };
}

async function tell(parts: Parts, job: Dated, outlook: EndOutlook | null): Promise<void> {
  const now = parts.clock();
  const before = job.deadline_told?.split(' ') ?? [];
  const due = stepsOf(job, outlook, now).filter(({ step }) => !before.includes(step));
  const { deadline } = job;
  if (due.length === 0 || deadline === null) return;
  const to = [...before, ...due.map(({ step }) => step)].join(' ');
  const told = await inTransaction(parts.db, async (db) => {
    if (!(await noteTold(db, job.id, { deadline, from: job.deadline_told, to }))) return false;
    const risk = due.find(({ note }) => note.level === 'warning');
    // Once for each deadline: what follows from the first warning is on the job.
    if (risk !== undefined)
      await tellOwner(
        db,
        job,
        { event: 'at-risk', message: risk.note.message },
        { now, cause: String(deadline) },
      );
    return addNotes(
      db,
      job.id,
      due.map(({ note }) => note),
      now,
    );
  });
  if (!told) return;
  for (const { step } of due) parts.log.info({ event: 'job.deadline', job: job.id, step });
  parts.live.jobChanged(job.id as JobId);
}

function stepsOf(job: Dated, outlook: EndOutlook | null, now: number): Told[] {
  const { deadline } = job;
  if (deadline === null) return [];
  if (deadline <= now && job.state !== 'assembling') return [warning('past', PAST)];
  const stands = outlook?.deadline ?? null;
  if (stands === null || stands.code === 'unknown' || stands.code === 'past') return [];
  // Of its own work nothing is known: that was said when it was submitted.
  if (outlook?.range == null && stands.urgency === 'none') return [];
  const words = deadlineInWords(stands, lessenOf(job.kind));
  const left = spanInWords(deadline - now);
  const met = stands.code === 'met';
  const known = met ? info('known', words) : warning('known', words);
  if (stands.urgency === 'lost') return [known, warning('lost', `${LOST} ${met ? '' : words}`.trim())];
  if (stands.urgency === 'preempt') return [known, warning('preempt', `${PREEMPT} ${left} are left.`)];
  if (stands.urgency === 'first') return [known, info('first', `${FIRST} ${left} are left.`)];
  return [known];
}

const PAST = 'The deadline was missed. The job goes on, no longer before others.';
const LOST =
  'The deadline is given up: other work goes before it, so that as many deadlines as possible are met.';
const FIRST = 'The deadline comes near: from now on the job goes before others of its priority.';
const PREEMPT =
  'The deadline is very near: the job goes before all others of its priority, and may take the place of running work of lower priority.';

const info = (step: Step, message: string): Told => ({
  step,
  note: { level: 'info', code: `deadline-${step}`, message },
});
const warning = (step: Step, message: string): Told => ({
  step,
  note: { level: 'warning', code: `deadline-${step}`, message },
});
