import { type Principal, SCOPES } from '@parallel-pilot/shared/access/principal.ts';
import { newId, type PersonId } from '@parallel-pilot/shared/model/ids.ts';
import {
  findPerson,
  findPersonBySubject,
  insertPerson,
  type Membership,
  type PersonRow,
  teamsOf,
} from '@parallel-pilot/shared/server/db/people.ts';
import type { Parts } from '../parts.ts';
import type { Identity, VouchedTeams } from './identities.ts';
import type { Identification, Refusal } from './request.ts';
import { takeOver, usable } from './vouched-teams.ts';

type PrincipalParts = Pick<Parts, 'db' | 'clock' | 'random' | 'first'>;

/** Who somebody is on this farm, and in which of their teams they act: the one that is asked for where they are in it, else their own. */
export function createPrincipals({ db, clock, random, first }: PrincipalParts) {
  const inTeam = async (
    { id, role }: Pick<PersonRow, 'id' | 'role'>,
    wanted: string | undefined,
    how: Pick<Principal, 'proof' | 'impersonator'> & { vouched?: VouchedTeams | undefined },
  ): Promise<Identification> => {
    const { vouched, ...principalBy } = how;
    const teams = await teamsIn(id, vouched);
    const team = teams.find((one) => one.id === wanted) ?? teams[0];
    if (team === undefined) return NO_TEAM;
    const principal = {
      person: id,
      team: team.id,
      teamRole: team.role,
      farmRole: role,
      scopes: SCOPES,
      ...principalBy,
    };
    return { ok: true, principal };
  };
  const teamsIn = async (person: PersonId, vouched: VouchedTeams | undefined): Promise<Membership[]> => {
    const before = await teamsOf(db, person);
    if (vouched === undefined) return before;
    const changed = await takeOver(db, person, before, vouched, { random, now: clock() });
    return usable(changed ? await teamsOf(db, person) : before, vouched);
  };
  const personOf = async (identity: Identity): Promise<PersonRow | undefined> => {
    const found = await findPersonBySubject(db, identity.subject);
    if (found !== undefined) return found;
    const { subject, name, email } = identity;
    const person = {
      id: newId('per', random),
      subject,
      name,
      email: email?.toLowerCase() ?? null,
      role: 'person',
      created_at: clock(),
    } as const;
    await db.transaction().execute((transaction) => insertPerson(transaction, person, newId('tea', random)));
    return findPersonBySubject(db, subject);
  };
  return {
    /** Somebody who is known already, by another's proof. */
    inTeam,
    async ofFirst(team: string | undefined): Promise<Identification> {
      const person = await findPerson(db, first.person);
      return person === undefined
        ? NO_TEAM
        : inTeam(person, team, { proof: { type: 'local' }, impersonator: null });
    },
    async ofIdentity(identity: Identity, team: string | undefined): Promise<Identification> {
      const person = await personOf(identity);
      if (person === undefined || person.banned_at !== null) return BANNED;
      const { impersonatedBy } = identity;
      const admin = impersonatedBy === undefined ? undefined : await findPersonBySubject(db, impersonatedBy);
      if (
        impersonatedBy !== undefined &&
        (admin === undefined || admin.role !== 'admin' || admin.banned_at !== null)
      )
        return BANNED;
      return inTeam(person, team, {
        proof: { type: 'session', id: identity.session },
        impersonator: admin?.id ?? null,
        vouched: identity.teams,
      });
    },
  };
}

const NO_TEAM: Refusal = {
  ok: false,
  status: 403,
  code: 'no-team',
  message: 'You are in no team of this farm. Ask an admin of the farm.',
};
const BANNED: Refusal = {
  ok: false,
  status: 403,
  code: 'banned',
  message: 'This account may not use the farm. Ask an admin of the farm.',
};
