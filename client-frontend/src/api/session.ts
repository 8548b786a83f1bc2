import { type Action, type Actor, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from './queries.ts';

/** Who is signed in, and how people sign in here; undefined before the farm has said so. */
export const useSession = (): Session | undefined => useQuery(sessionQuery()).data;

/** What may be done is asked of this; null while nobody is signed in. */
export const actorOf = ({ person, team, scopes }: Session): Actor | null =>
  person === null || team === null ? null : { teamRole: team.role, farmRole: person.role, scopes };

/** Whether whoever is signed in may do something, so that nothing else is offered. */
export function useMay(): (action: Action, own?: boolean) => boolean {
  const session = useSession();
  const actor = session === undefined ? null : actorOf(session);
  return (action, own) => actor !== null && may(actor, action, own);
}
