import type { AcceptLink } from '@parallel-pilot/shared/api/people.ts';
import { useMutation } from '@tanstack/react-query';
import { acceptLink } from '../people/account.ts';

/** Uses the link, and goes on to the farm, where one is signed in or asked to. */
export const useAccept = (token: string) =>
  useMutation({
    mutationFn: (given: Omit<AcceptLink, 'token'>) => acceptLink({ token, ...given }),
    onSuccess: () => window.location.replace('/'),
  });
