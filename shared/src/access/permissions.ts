import { type Principal, type Scope, TEAM_ROLES, type TeamRole } from './principal.ts';

/** Who may do something: the least role in the team, or an admin of the farm; and the scope that a key needs for it. */
export type Permission = {
  who: TeamRole | 'admin';
  /** The least role that may do it to what is theirs: their job, the machine that they lend. */
  own?: TeamRole;
  scope: Scope;
  /** What is done, as a sentence says it: "… may not <about>". */
  about: string;
};

/** All that can be done on a farm by somebody who is known, and who may. docs/accounts.md shows this table. */
export const PERMISSIONS = {
  'account.see': { who: 'viewer', scope: 'read', about: 'see their account' },
  'account.change': { who: 'viewer', scope: 'manage', about: 'change their account and keys' },
  'teams.create': { who: 'viewer', scope: 'manage', about: 'make teams' },
  'team.see': { who: 'viewer', scope: 'read', about: 'see the team' },
  'team.leave': { who: 'viewer', scope: 'manage', about: 'leave the team' },
  'team.invite': { who: 'manager', scope: 'manage', about: 'invite people' },
  'team.members': { who: 'manager', scope: 'manage', about: 'change or remove members' },
  'team.change': { who: 'owner', scope: 'manage', about: 'rename, hand over or delete the team' },
  'jobs.see': { who: 'viewer', scope: 'read', about: 'see jobs' },
  'jobs.submit': { who: 'member', scope: 'submit', about: 'submit jobs' },
  'jobs.steer': {
    who: 'manager',
    own: 'member',
    scope: 'submit',
    about: 'pause, cancel, retry or change jobs',
  },
  'jobs.prioritise': { who: 'manager', own: 'member', scope: 'submit', about: 'change the priority of jobs' },
  'jobs.delete': { who: 'manager', own: 'member', scope: 'submit', about: 'delete jobs' },
  'workers.see': { who: 'viewer', scope: 'read', about: 'see workers' },
  'workers.lend': { who: 'member', scope: 'lend', about: 'lend machines' },
  'workers.steer': { who: 'manager', own: 'member', scope: 'lend', about: 'change workers' },
  'workers.manage': { who: 'admin', scope: 'manage', about: 'manage the machines of the farm' },
  'people.manage': { who: 'admin', scope: 'manage', about: 'manage the people of the farm' },
  'teams.manage': { who: 'admin', scope: 'manage', about: 'manage the teams and limits of the farm' },
  'audit.see': { who: 'admin', scope: 'read', about: 'see the audit' },
} as const satisfies Record<string, Permission>;

export type Action = keyof typeof PERMISSIONS;
export const ACTIONS = Object.keys(PERMISSIONS) as Action[];

/** True when the role is as much as the other, or more. */
export const isAtLeast = (role: TeamRole, least: TeamRole): boolean =>
  TEAM_ROLES.indexOf(role) <= TEAM_ROLES.indexOf(least);

/** What a permission is asked of. A key is bound to no role of its own: it may what its person may, within its scopes. */
export type Actor = Pick<Principal, 'teamRole' | 'farmRole' | 'scopes'>;

/** Whether somebody may do it; `own` says that it is to what is theirs, where that makes a difference. */
export function may(actor: Actor, action: Action, own = false): boolean {
  const { who, own: ofOwn, scope }: Permission = PERMISSIONS[action];
  if (!actor.scopes.includes(scope)) return false;
  if (who === 'admin') return actor.farmRole === 'admin';
  return isAtLeast(actor.teamRole, own ? (ofOwn ?? who) : who);
}

/** Why not, and who can help: a sentence for whoever was refused. */
export function refusalOf(actor: Actor, action: Action): string {
  const { who, own, scope, about }: Permission = PERMISSIONS[action];
  if (!actor.scopes.includes(scope))
    return `This key may not ${about}: it lacks the scope "${scope}". Make one that has it on your account's page.`;
  if (who === 'admin') return `Only an admin of the farm may ${about}.`;
  const theirs = own !== undefined && isAtLeast(actor.teamRole, own) ? ' of others' : '';
  return `As a ${actor.teamRole} of this team you may not ${about}${theirs}. Ask ${who === 'owner' ? 'its owner' : `a ${who} of it`}.`;
}
