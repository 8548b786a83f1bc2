import type { JobDeadline } from '@parallel-pilot/shared/api/jobs.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import { deadlineInWords, spanInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { DeadlineCode } from '@parallel-pilot/shared/model/job-end.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';

type Dated = Pick<JobHead, 'deadline' | 'state' | 'finished_at' | 'kind'>;

/** How a job's deadline stands; null without one. `outlook` is the load balancer's, null where it says nothing of the job. */
export function deadlineView(job: Dated, outlook: EndOutlook | null, now: number): JobDeadline | null {
  const { deadline: at, state, finished_at: finishedAt } = job;
  if (at === null) return null;
  if (isOver(state)) return { at, ...afterwards(state === 'completed' ? finishedAt : null, at) };
  if (at <= now) return { at, code: 'past', message: deadlineInWords(PAST, '') };
  const stands = outlook?.deadline ?? null;
  if (stands !== null) return { at, code: stands.code, message: deadlineInWords(stands, lessenOf(job.kind)) };
  return { at, code: 'unknown', message: WHILE[state] ?? deadlineInWords(UNKNOWN, '') };
}

const UNKNOWN = { code: 'unknown', urgency: 'none', workers: 'present', lateMs: 0, help: null } as const;
const PAST = { ...UNKNOWN, code: 'past' } as const;

const WHILE: Partial<Record<Dated['state'], string>> = {
  ready: 'Whether the deadline is met cannot be told before the job has its settings.',
  paused: 'Whether the deadline is met cannot be told while the job is paused.',
  assembling: 'All its parts are done; the result is put together.',
};

function afterwards(doneAt: number | null, deadline: number): { code: DeadlineCode; message: string } {
  if (doneAt === null) return { code: 'unknown', message: 'The job has ended without its result.' };
  const span = spanInWords(Math.abs(doneAt - deadline));
  return doneAt <= deadline
    ? { code: 'met', message: `It was done ${span} before its deadline.` }
    : { code: 'past', message: `It was done ${span} after its deadline.` };
}

/** How a job of the kind would have less work in it; '' while it is not known of which kind it will be. */
export const lessenOf = (kind: string): string =>
  (kind === '' ? undefined : kindOf(kind).lessen) ?? 'fewer parts';
