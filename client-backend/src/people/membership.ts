import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';

/** What is to become of a member: another role, `null` for out of the team, or that they take the asker's place as owner. */
export type MembershipChange = { of: PersonId; to: TeamRole | null } | { handOverTo: PersonId };

export type Members = ReadonlyMap<PersonId, TeamRole>;

export type MembershipRefusal = {
  ok: false;
  status: 403 | 404 | 409;
  code: 'not-found' | 'not-allowed' | 'last-owner' | 'own-team';
  message: string;
};

/** The roles that change, `null` for who goes. */
export type MembershipOutcome = { ok: true; changes: Map<PersonId, TeamRole | null> } | MembershipRefusal;

/** A team has an owner at all times, nobody is put above or taken down by who is below, and one's own team is one's own. */
export function changeMembership(
  members: Members,
  personal: boolean,
  by: PersonId,
  change: MembershipChange,
): MembershipOutcome {
  const role = members.get(by);
  const whom = 'of' in change ? change.of : change.handOverTo;
  const theirs = members.get(whom);
  if (role === undefined || theirs === undefined) return NO_MEMBER;
  if (personal) return OWN_TEAM;
  if ('handOverTo' in change) {
    if (role !== 'owner') return notAllowed('Only an owner hands a team over.');
    if (whom === by) return notAllowed('You own this team already. Hand it over to somebody else.');
    return { ok: true, changes: new Map([[whom, 'owner'] as const, [by, 'manager'] as const]) };
  }
  const refused = by === whom ? whyNotOneself(role, change.to) : whyNotOther(role, theirs, change.to);
  if (refused !== null) return refused;
  if (theirs === 'owner' && change.to !== 'owner' && countOwners(members) === 1)
    return by === whom ? LAST_OWNER : LAST_OTHER_OWNER;
  return { ok: true, changes: new Map([[whom, change.to]]) };
}

const RANK: readonly (TeamRole | null)[] = ['owner', 'manager', 'member', 'viewer', null];

/** Anybody may leave, or take less. */
const whyNotOneself = (role: TeamRole, to: TeamRole | null): MembershipRefusal | null =>
  RANK.indexOf(to) >= RANK.indexOf(role)
    ? null
    : notAllowed('Nobody gives themselves more than they have. Ask an owner of the team.');

function whyNotOther(role: TeamRole, theirs: TeamRole, to: TeamRole | null): MembershipRefusal | null {
  if (role === 'owner') return null;
  if (role !== 'manager')
    return notAllowed(`As a ${role} of this team you may not change or remove members. Ask a manager of it.`);
  if (theirs === 'owner') return notAllowed('A manager may not change or remove an owner of the team.');
  return to === 'owner' ? notAllowed('A manager may not make somebody an owner. Ask an owner of it.') : null;
}

const countOwners = (members: Members): number =>
  [...members.values()].filter((role) => role === 'owner').length;

const notAllowed = (message: string): MembershipRefusal => ({
  ok: false,
  status: 403,
  code: 'not-allowed',
  message,
});
const NO_MEMBER: MembershipRefusal = {
  ok: false,
  status: 404,
  code: 'not-found',
  message: 'There is no such person in this team.',
};
const OWN_TEAM: MembershipRefusal = {
  ok: false,
  status: 409,
  code: 'own-team',
  message: "This is a person's own team: it has no other members, and is not left or handed over.",
};
const LAST_OWNER: MembershipRefusal = {
  ok: false,
  status: 409,
  code: 'last-owner',
  message:
    'You are the last owner of this team. Make somebody else an owner, or hand it over, before you leave or take less; or delete the team.',
};
const LAST_OTHER_OWNER: MembershipRefusal = {
  ...LAST_OWNER,
  message: 'This is the last owner of the team. Make somebody else an owner first.',
};
