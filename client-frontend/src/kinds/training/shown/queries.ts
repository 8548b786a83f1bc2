import { type Shown, ShownList, ShownTable } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { request } from '../../../api/request.ts';

const path = (job: string) => `/api/v1/jobs/${encodeURIComponent(job)}/shown`;

/** What a round shows; null is the newest that shows anything. Asked anew with the rounds, when one is over. */
export const shownQuery = (job: string, round: number | null) =>
  queryOptions({
    queryKey: ['job', job, 'rounds', 'shown', round],
    queryFn: ({ signal }) =>
      request(ShownList, `${path(job)}${round === null ? '' : `?round=${round}`}`, { signal }),
    placeholderData: keepPreviousData,
  });

/** One thing that is shown. `shard` counts from 1; null is the merged model. */
export type ShownAt = { job: string; round: number; shard: number | null; place: number; what: Shown };

const partPath = ({ job, round, shard, place }: ShownAt, form: 'picture' | 'table') =>
  `${path(job)}/${round}/${shard ?? 'merged'}/${place}/${form}`;

export const pictureUrl = (at: ShownAt): string => partPath(at, 'picture');

export const tableQuery = (at: ShownAt) =>
  queryOptions({
    queryKey: ['shown-table', partPath(at, 'table')],
    queryFn: ({ signal }) => request(ShownTable, partPath(at, 'table'), { signal }),
  });
