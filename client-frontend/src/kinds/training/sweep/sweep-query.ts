import { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { queryOptions } from '@tanstack/react-query';
import { command, request } from '../../../api/request.ts';

const path = (id: string) => `/api/v1/sweeps/${encodeURIComponent(id)}`;
const REFRESH_MS = 2_000;

/** A sweep with all of its trainings, asked anew as long as one is not over. */
export const sweepQuery = (id: string) =>
  queryOptions({
    queryKey: ['sweep', id],
    queryFn: ({ signal }) => request(SweepView, path(id), { signal }),
    refetchInterval: ({ state: { data } }) => (data?.state === 'running' ? REFRESH_MS : false),
  });

export const cancelSweep = (id: string): Promise<void> => command(`${path(id)}/cancel`, { method: 'POST' });
