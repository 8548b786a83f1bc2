import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import type { QueryClient } from '@tanstack/react-query';
import { getJobSummary, type JobQuery } from '../api/farm.ts';
import { isStatus } from '../api/request.ts';
import { type JobPages, placeRow, removeRow } from './job-list.ts';

/** More changed rows than this at once are fetched as a list instead of one by one. */
const ONE_BY_ONE = 24;

/** Rows on the screen, told by the list page; only these are fetched again when they change. */
const onScreen = new Set<string>();
const stale = new Set<string>();

/** Told by the job list which rows are seen; those that changed while out of sight are fetched now. */
export function showRows(queries: QueryClient, ids: readonly string[]): void {
  onScreen.clear();
  for (const id of ids) onScreen.add(id);
  const due = ids.filter((id) => stale.has(id));
  if (due.length > 0) void refreshRows(queries, due);
}

export async function refreshRows(queries: QueryClient, ids: readonly string[]): Promise<void> {
  refreshCounts(queries);
  const known = knownIds(queries);
  const due = ids.filter((id) => onScreen.has(id) || !known.has(id));
  for (const id of ids) if (known.has(id) && !onScreen.has(id)) stale.add(id);
  if (due.length > ONE_BY_ONE) {
    await queries.invalidateQueries({ queryKey: ['jobs'] });
    return;
  }
  await Promise.all(due.map((id) => refreshRow(queries, id)));
}

async function refreshRow(queries: QueryClient, id: string): Promise<void> {
  stale.delete(id);
  try {
    const job = await getJobSummary(id);
    editLists(queries, (pages, query) => placeRow(pages, job, query));
  } catch (error) {
    if (isStatus(error, 404)) editLists(queries, (pages) => removeRow(pages, id));
    // Anything else is asked again with the next change; the banner tells when the farm is away.
    else stale.add(id);
  }
}

/** Puts a job that this page has just changed, or deleted, into every list at once. */
export function placeJob(queries: QueryClient, job: JobSummary): void {
  editLists(queries, (pages, query) => placeRow(pages, job, query));
}
export function dropJob(queries: QueryClient, id: string): void {
  editLists(queries, (pages) => removeRow(pages, id));
}

function knownIds(queries: QueryClient): Set<string> {
  const lists = queries.getQueriesData<JobPages>({ queryKey: ['jobs'], type: 'active' });
  return new Set(
    lists.flatMap(
      ([, data]) => data?.pages.flatMap((page) => page.jobs.map((job) => job.id as string)) ?? [],
    ),
  );
}

function editLists(queries: QueryClient, edit: (pages: JobPages, query: JobQuery) => JobPages): void {
  for (const [key, data] of queries.getQueriesData<JobPages>({ queryKey: ['jobs'] })) {
    if (data !== undefined) queries.setQueryData(key, edit(data, key[1] as JobQuery));
  }
}

const COUNTS_MS = 2_000;
let countsDue = false;

/** How many jobs are in each state is asked again, a little later for all that change until then. */
function refreshCounts(queries: QueryClient): void {
  if (countsDue) return;
  countsDue = true;
  setTimeout(() => {
    countsDue = false;
    void queries.invalidateQueries({ queryKey: ['job-counts'] });
  }, COUNTS_MS);
}
