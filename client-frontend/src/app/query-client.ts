import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { isPassing, isStatus, UnreachableError } from '../api/request.ts';
import { connection } from '../live/connection.ts';

/** The cache of all answers. Any 401 leads to the sign-in page; any missing answer shows the banner. */
export function createQueries(): QueryClient {
  const failed = (error: unknown) => {
    if (error instanceof UnreachableError) connection.set({ http: 'unreachable' });
    if (isStatus(error, 401)) signedOut(queries);
  };
  const queries = new QueryClient({
    queryCache: new QueryCache({
      onError: failed,
      onSuccess: () => connection.set({ http: 'ok' }),
    }),
    mutationCache: new MutationCache({ onError: failed }),
    defaultOptions: {
      queries: {
        // A farm on this machine or in the house is reached without any internet.
        networkMode: 'always',
        retry: (count, error) => isPassing(error) && count < 4,
        retryDelay: 1_000,
        staleTime: 2_000,
      },
      mutations: { networkMode: 'always' },
    },
  });
  return queries;
}

function signedOut(queries: QueryClient): void {
  queries.setQueryData(sessionQuery().queryKey, (known) =>
    known === undefined
      ? known
      : { ...known, person: null, team: null, teams: [], scopes: [], impersonator: null },
  );
}
