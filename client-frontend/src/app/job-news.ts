import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';

/** What this page last knew of a job that is not over; `late`: that its deadline is past. */
export type KnownJob = 'under-way' | 'late';

/** `over`: nothing more comes of it. `news` is what whoever looks at something else is to be told, if anything. */
export type JobNews = { over: boolean; known: KnownJob; news: { title: string; body: string } | null };

/**
 * What a job's row means to somebody who was told of it as `before`, undefined where this page never knew it under way:
 * what was over or late then is no news. It makes no difference when the page asked first: a job that was begun in it and
 * is over by the first answer is news all the same.
 */
export function newsOfJob(
  before: KnownJob | undefined,
  { name, state, problem, deadline }: Pick<JobSummary, 'name' | 'state' | 'problem' | 'deadline'>,
): JobNews {
  if (isOver(state)) {
    const told = before !== undefined && state !== 'canceled';
    const done = state === 'completed';
    const title = `${name} ${done ? 'is finished' : 'failed'}`;
    const body = done ? 'The result is there.' : (problem?.message ?? '');
    return { over: true, known: before ?? 'under-way', news: told ? { title, body } : null };
  }
  if (deadline?.code !== 'past') return { over: false, known: 'under-way', news: null };
  const news = before === 'under-way' ? { title: `${name} is late`, body: deadline.message } : null;
  return { over: false, known: 'late', news };
}
