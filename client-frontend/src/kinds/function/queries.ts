import {
  CallList,
  FunctionList,
  FunctionSummary,
  FunctionVersions,
} from '@parallel-pilot/shared/kinds/function/calls.ts';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { request } from '../../api/request.ts';

/** Calls come by the thousand: pages look again instead of being told of each. */
const LOOK_MS = 2_000;

export const pathOf = (name: string, rest = ''): string =>
  `/api/v1/functions/${encodeURIComponent(name)}${rest}`;

export const functionsQuery = queryOptions({
  queryKey: ['functions'],
  queryFn: ({ signal }) => request(FunctionList, '/api/v1/functions', { signal }),
  refetchInterval: LOOK_MS,
});

export const functionQuery = (name: string) =>
  queryOptions({
    queryKey: ['function', name],
    queryFn: ({ signal }) => request(FunctionSummary, pathOf(name), { signal }),
    refetchInterval: LOOK_MS,
  });

export const versionsQuery = (name: string) =>
  queryOptions({
    queryKey: ['function', name, 'versions'],
    queryFn: ({ signal }) => request(FunctionVersions, pathOf(name, '/versions'), { signal }),
  });

export const callsQuery = (name: string, failed: boolean) =>
  infiniteQueryOptions({
    queryKey: ['function', name, 'calls', failed],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({
        limit: '50',
        ...(failed ? { failed: 'true' } : {}),
        ...(pageParam === '' ? {} : { before: pageParam }),
      });
      return request(CallList, pathOf(name, `/calls?${asked}`), { signal });
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    // What was asked for more of is read at leisure.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : LOOK_MS),
  });
