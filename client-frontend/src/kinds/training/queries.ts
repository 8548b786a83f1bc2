import { Curves, RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import { knownRounds, mergeCurves } from './curve-points.ts';

const path = (job: string, what: string, query: Record<string, number>) =>
  `/api/v1/jobs/${encodeURIComponent(job)}/${what}?${new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  )}`;

/** All that was reported. Asked again, only what is new is sent. */
export const curvesQuery = (job: string) => {
  const queryKey = ['job', job, 'curves'] as const;
  return queryOptions({
    queryKey,
    queryFn: async ({ client, signal }): Promise<Curves> => {
      const before = client.getQueryData<Curves>(queryKey);
      const after = knownRounds(before);
      return mergeCurves(before, after, await request(Curves, path(job, 'curves', { after }), { signal }));
    },
    // Thousands of points: comparing them with the last answer costs more than it saves.
    structuralSharing: false,
  });
};

/** Rounds of one page of the table. */
export const ROUNDS_PAGE = 100;

/** The rounds 100 * page + 1 to 100 * page + 100. */
export const roundsQuery = (job: string, page: number) =>
  queryOptions({
    queryKey: ['job', job, 'rounds', page],
    queryFn: ({ signal }) =>
      request(RoundList, path(job, 'rounds', { after: page * ROUNDS_PAGE, limit: ROUNDS_PAGE }), { signal }),
  });

/** The first thousand rounds of one of several jobs, for its line in the chart; `seen` says how far the job is. */
export const comparedRoundsQuery = (job: string, seen: string | null) =>
  queryOptions({
    queryKey: ['compared-rounds', job, seen],
    queryFn: ({ signal }) => request(RoundList, path(job, 'rounds', { after: 0, limit: 1_000 }), { signal }),
    enabled: seen !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });
