import { type Principal, SCOPES } from '@parallel-pilot/shared/access/principal.ts';
import { findPersonBySubject, teamsOf } from '@parallel-pilot/shared/server/db/people.ts';
import { audit } from '../audit/audit.ts';
import type { Parts } from '../parts.ts';
import type { AccountEvent } from './accounts/handle.ts';

/** Writes down what was done to an account by the operations of the library, of which the audit knows nothing else. */
export async function noteAccountEvent(
  parts: Pick<Parts, 'db' | 'clock'>,
  event: AccountEvent,
): Promise<void> {
  const by = { principal: await principalOf(parts, event.subject), address: event.address };
  switch (event.action) {
    case 'session.open':
      return audit(parts, by, 'session.open', event.subject, { way: event.way });
    case 'session.refused':
      return audit(parts, by, 'session.refused', null, { code: event.code });
    case 'session.close':
    case 'account.change':
      return audit(parts, by, event.action, event.subject);
    default:
      return event satisfies never;
  }
}

/** Nobody before their first request as somebody who signed in: that makes their person. */
async function principalOf({ db }: Pick<Parts, 'db'>, subject: string | null): Promise<Principal | null> {
  const person = subject === null ? undefined : await findPersonBySubject(db, subject);
  const [own] = person === undefined ? [] : await teamsOf(db, person.id);
  if (person === undefined || own === undefined) return null;
  return {
    person: person.id,
    team: own.id,
    teamRole: own.role,
    farmRole: person.role,
    scopes: SCOPES,
    proof: { type: 'session', id: '' },
    impersonator: null,
  };
}
