import type { JobList, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { InfiniteData } from '@tanstack/react-query';
import type { JobFilter, JobOrder, JobQuery } from '../api/farm.ts';

export type JobPages = InfiniteData<JobList, string | null>;

export function matchesQuery(job: JobSummary, { state, q }: Pick<JobQuery, 'state' | 'q'>): boolean {
  const name = job.name.toLowerCase();
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return matchesState(job, state) && words.every((word) => name.includes(word));
}

function matchesState(job: JobSummary, state: JobFilter): boolean {
  if (state === undefined) return true;
  if (state === 'active') return !isOver(job.state);
  if (state === 'over') return isOver(job.state);
  return job.state === state;
}

type Key = (job: JobSummary) => number | string;
const newest: Key = (job) => -job.createdAt;
/** What each order looks at, the smallest first, as the farm sorts. */
const KEYS: Record<JobOrder, readonly Key[]> = {
  newest: [newest],
  oldest: [(job) => job.createdAt],
  running: [(job) => (isOver(job.state) ? 1 : 0), newest],
  name: [(job) => job.name.toLowerCase(), newest],
  largest: [(job) => -(job.bytes ?? -1), newest],
  priority: [(job) => -job.priority, newest],
};

function compare(a: JobSummary, b: JobSummary, sort: JobOrder): number {
  for (const key of KEYS[sort]) {
    const [left, right] = [key(a), key(b)];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1;
}

/** The list with one fresh row: where its order puts it, and gone if the filter does not fit. */
export function placeRow(pages: JobPages, job: JobSummary, query: JobQuery): JobPages {
  const rows = rowsOf(pages);
  const known = rows.find((row) => row.id === job.id);
  if (!matchesQuery(job, query)) return known === undefined ? pages : removeRow(pages, job.id);
  if (known !== undefined && compare(known, job, query.sort) === 0) return replaceRow(pages, job);
  const rest = known === undefined ? pages : removeRow(pages, job.id);
  const others = rowsOf(rest);
  const before = others.find((row) => compare(job, row, query.sort) < 0);
  // Beyond what is loaded it comes with its own page.
  const loaded = before !== undefined || rest.pages.at(-1)?.next === null;
  return loaded ? insertRow(rest, job, before) : changeTotal(rest, 1);
}

/** The list without a job that was deleted. */
export function removeRow(pages: JobPages, id: string): JobPages {
  if (!rowsOf(pages).some((row) => row.id === id)) return pages;
  const edited = pages.pages.map((page) => ({ ...page, jobs: page.jobs.filter((row) => row.id !== id) }));
  return changeTotal({ ...pages, pages: edited }, -1);
}

const rowsOf = (pages: JobPages): JobSummary[] => pages.pages.flatMap((page) => page.jobs);

const replaceRow = (pages: JobPages, job: JobSummary): JobPages => ({
  ...pages,
  pages: pages.pages.map((page) => ({
    ...page,
    jobs: page.jobs.map((row) => (row.id === job.id ? job : row)),
  })),
});

function insertRow(pages: JobPages, job: JobSummary, before: JobSummary | undefined): JobPages {
  const last = pages.pages.length - 1;
  const edited = pages.pages.map((page, index) => {
    const at = before === undefined ? -1 : page.jobs.indexOf(before);
    if (at >= 0) return { ...page, jobs: page.jobs.toSpliced(at, 0, job) };
    return before === undefined && index === last ? { ...page, jobs: [...page.jobs, job] } : page;
  });
  return changeTotal({ ...pages, pages: edited }, 1);
}

const changeTotal = (pages: JobPages, by: number): JobPages => ({
  ...pages,
  pages: pages.pages.map((page) => ({ ...page, total: page.total + by })),
});
