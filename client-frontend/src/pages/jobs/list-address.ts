import { JobListQuery } from '@parallel-pilot/shared/api/jobs.ts';
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { JobFilter, JobOrder, JobQuery } from '../../api/farm.ts';

const USUAL: JobOrder = 'running';

export const STATES = [
  { value: '', label: 'All' },
  { value: 'active', label: 'Active' },
  { value: 'ready', label: 'Waiting for you' },
  { value: 'completed', label: 'Completed' },
  { value: 'failed', label: 'Failed' },
  { value: 'canceled', label: 'Canceled' },
] as const satisfies readonly { value: '' | JobFilter; label: string }[];

export const ORDERS: readonly { value: JobOrder; label: string }[] = [
  { value: 'running', label: 'Running first' },
  { value: 'newest', label: 'Newest first' },
  { value: 'oldest', label: 'Oldest first' },
  { value: 'name', label: 'By name' },
  { value: 'largest', label: 'Largest first' },
  { value: 'priority', label: 'By priority' },
];

/** The list that the address asks for; what it holds that is not known is as if it were not there. */
export function readAddress(search: URLSearchParams): JobQuery {
  const { state, sort } = JobListQuery.shape;
  return {
    state: state.safeParse(search.get('state') ?? undefined).data,
    q: (search.get('q') ?? '').slice(0, 200).trim(),
    sort: sort.safeParse(search.get('sort') ?? USUAL).data ?? USUAL,
  };
}

/** The address of a list; what is usual is left out. */
export function addressOf({ state, q, sort }: JobQuery): string {
  const search = new URLSearchParams();
  if (state !== undefined) search.set('state', state);
  if (q !== '') search.set('q', q);
  if (sort !== USUAL) search.set('sort', sort);
  return search.size === 0 ? '/' : `/?${search}`;
}

/** What the list shows, kept in the address so that Back and a bookmark lead to it. */
export function useListAddress() {
  const [search, setSearch] = useSearchParams();
  const query = useMemo(() => readAddress(search), [search]);
  const change = useCallback(
    (edit: Partial<JobQuery>) =>
      setSearch(
        (before) => new URL(addressOf({ ...readAddress(before), ...edit }), location.href).searchParams,
        { replace: true },
      ),
    [setSearch],
  );
  return { query, change };
}
