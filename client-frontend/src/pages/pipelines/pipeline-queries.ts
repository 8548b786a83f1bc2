import { PipelineDetail, PipelineList } from '@parallel-pilot/shared/api/pipelines.ts';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { command, request } from '../../api/request.ts';

const PIPELINES = '/api/v1/pipelines';
const path = (id: string) => `${PIPELINES}/${encodeURIComponent(id)}`;
/** What is expected comes in no message. What happens does: pages watch the room of the jobs. */
const REFRESH_MS = 15_000;

/** A pipeline with all of its jobs. */
export const pipelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['pipeline', id],
    queryFn: ({ signal }) => request(PipelineDetail, path(id), { signal }),
    refetchInterval: ({ state: { data } }) => (data?.state === 'active' ? REFRESH_MS : false),
  });

/** The team's pipelines in pages, newest first. */
export const pipelinesQuery = () =>
  infiniteQueryOptions({
    queryKey: ['pipelines'],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams(pageParam === null ? {} : { cursor: pageParam });
      return request(PipelineList, `${PIPELINES}?${query}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const commandPipeline = (id: string, what: 'cancel' | 'retry'): Promise<void> =>
  command(`${path(id)}/${what}`, { method: 'POST' });
export const deletePipeline = (id: string): Promise<void> => command(path(id), { method: 'DELETE' });
