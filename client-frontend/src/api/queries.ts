import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import {
  findJobs,
  getJob,
  getJobs,
  getReadiness,
  getSession,
  getStorage,
  getWorkers,
  type JobQuery,
} from './farm.ts';

/** Every question this site asks, with the key its answer is kept under. */
export const sessionQuery = () =>
  queryOptions({ queryKey: ['session'], queryFn: ({ signal }) => getSession(signal), staleTime: 60_000 });

export const readinessQuery = () =>
  queryOptions({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => getReadiness(signal),
    refetchInterval: 15_000,
    retry: false,
  });

export const jobsQuery = (query: JobQuery) =>
  infiniteQueryOptions({
    queryKey: ['jobs', query] as const,
    queryFn: ({ pageParam, signal }) => getJobs(query, pageParam, signal),
    placeholderData: keepPreviousData,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // Rows are replaced one by one as they change: comparing thousands of them each time is what would be slow.
    structuralSharing: false,
  });

/** Of the jobs with these words in their names: how many are in each state. */
export const jobCountsQuery = (q: string) =>
  queryOptions({
    queryKey: ['job-counts', q],
    queryFn: async ({ signal }) => (await findJobs(q, 1, signal)).states,
    placeholderData: keepPreviousData,
  });

export const foundJobsQuery = (q: string) =>
  queryOptions({
    queryKey: ['found-jobs', q],
    queryFn: async ({ signal }) => (await findJobs(q, 8, signal)).jobs,
    placeholderData: keepPreviousData,
  });

export const storageQuery = () =>
  queryOptions({
    queryKey: ['storage'],
    queryFn: ({ signal }) => getStorage(signal),
    refetchInterval: 60_000,
  });

export const jobQuery = (id: string) =>
  queryOptions({ queryKey: ['job', id], queryFn: ({ signal }) => getJob(id, signal) });

export const workersQuery = () =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: ({ signal }) => getWorkers(signal),
    refetchInterval: 10_000,
  });
