import { RunList } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { request } from '../../api/request.ts';

const pathOf = (job: string): string => `/api/v1/jobs/${encodeURIComponent(job)}/runs`;

/** Runs in one answer. */
const PAGE = 100;

/** The runs that are done, a page at a time. */
export const runsQuery = (job: string) =>
  infiniteQueryOptions({
    queryKey: ['job', job, 'runs'],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({
        limit: String(PAGE),
        ...(pageParam === '' ? {} : { after: pageParam }),
      });
      return request(RunList, `${pathOf(job)}?${asked}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });

/** What is looked at of a table that was gathered. */
export const tableQuery = (url: string) =>
  queryOptions({ queryKey: ['table', url], queryFn: ({ signal }) => request(TableView, url, { signal }) });

export const fileUrl = (job: string, run: number, path: string): string =>
  `${pathOf(job)}/${run}/file?${new URLSearchParams({ path })}`;
