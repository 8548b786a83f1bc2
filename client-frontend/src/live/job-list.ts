import type { JobList, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { InfiniteData } from '@tanstack/react-query';
import type { JobFilter } from '../api/farm.ts';

export type JobPages = InfiniteData<JobList, string | null>;

export function matchesFilter(job: JobSummary, filter: JobFilter): boolean {
  if (filter === undefined) return true;
  if (filter === 'active') return !isOver(job.state);
  if (filter === 'over') return isOver(job.state);
  return job.state === filter;
}

/** The list with one fresh row: in its old place, at the top if it is new, gone if the filter no longer fits. */
export function placeRow(pages: JobPages, job: JobSummary, filter: JobFilter): JobPages {
  const known = pages.pages.some((page) => page.jobs.some((row) => row.id === job.id));
  const fits = matchesFilter(job, filter);
  if (!known) return fits && isNewest(pages, job) ? addOnTop(pages, job) : pages;
  return editRows(pages, (row) => (row.id === job.id ? (fits ? job : null) : row));
}

/** The list without a job that was deleted. */
export const removeRow = (pages: JobPages, id: string): JobPages =>
  editRows(pages, (row) => (row.id === id ? null : row));

/** A row older than the newest loaded one belongs to a page that is not loaded yet, or matches this filter only now. */
function isNewest(pages: JobPages, job: JobSummary): boolean {
  const top = pages.pages[0]?.jobs[0];
  return top === undefined || job.createdAt >= top.createdAt;
}

function addOnTop(pages: JobPages, job: JobSummary): JobPages {
  return {
    ...pages,
    pages: pages.pages.map((page, index) => ({
      ...page,
      jobs: index === 0 ? [job, ...page.jobs] : page.jobs,
      total: page.total + 1,
    })),
  };
}

function editRows(pages: JobPages, edit: (row: JobSummary) => JobSummary | null): JobPages {
  let gone = 0;
  const edited = pages.pages.map((page) => {
    const jobs = page.jobs.flatMap((row) => {
      const next = edit(row);
      if (next === null) gone += 1;
      return next === null ? [] : [next];
    });
    return { ...page, jobs };
  });
  return {
    ...pages,
    pages: gone === 0 ? edited : edited.map((page) => ({ ...page, total: page.total - gone })),
  };
}
