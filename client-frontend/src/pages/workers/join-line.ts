import { JoinLine } from '@parallel-pilot/shared/api/machines.ts';
import { queryOptions } from '@tanstack/react-query';
import { request } from '../../api/request.ts';

/** How another machine joins. */
export const joinLineQuery = () =>
  queryOptions({
    queryKey: ['join-line'],
    queryFn: ({ signal }) => request(JoinLine, '/api/v1/workers/join', { signal }),
    staleTime: 300_000,
  });
