import { findPersonBySubject } from '@parallel-pilot/shared/server/db/people.ts';
import type { Parts } from '../parts.ts';
import { audit, type Doer } from './audit.ts';
import { boundRefusals } from './audit-trail.ts';

/** What was done to an account where a library keeps them. Nobody is known where it was refused. */
export type AccountEvent = { address: string } & (
  | { action: 'session.open'; subject: string; way: string }
  | { action: 'session.close' | 'account.change'; subject: string; operation: string }
  | { action: 'session.refused'; subject: null; code: string }
);

/** Records what is done to accounts; of refusals, as many as of all others. */
export function auditAccounts(parts: Pick<Parts, 'db' | 'clock' | 'log'>): (event: AccountEvent) => void {
  const refusals = boundRefusals(parts);
  const record = async (event: AccountEvent): Promise<void> => {
    const { address, subject } = event;
    const person = subject === null ? undefined : await findPersonBySubject(parts.db, subject);
    const principal: Doer['principal'] =
      person === undefined
        ? null
        : { person: person.id, team: null, impersonator: null, proof: { type: 'session', id: '' } };
    // At their first sign-in they are no person of the farm yet.
    const target = person === undefined ? subject : null;
    switch (event.action) {
      case 'session.open':
        return audit(parts, { principal, address }, event.action, target, { way: event.way });
      case 'session.close':
      case 'account.change':
        return audit(parts, { principal, address }, event.action, target, { operation: event.operation });
      case 'session.refused':
        return refusals({ principal: null, address })
          ? audit(parts, { principal, address }, event.action, null, { code: event.code })
          : undefined;
      default:
        return event satisfies never;
    }
  };
  return (event) => {
    record(event).catch((err) => parts.log.error({ event: 'audit.not-written', action: event.action, err }));
  };
}
