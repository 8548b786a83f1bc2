import { type Principal, type Scope, TEAM_ROLES, type TeamRole } from './principal.ts';

/** Who may do something: the least role in the team, or an admin of the farm; and the scope that a key needs for it. */
export type Permission = {
  who: TeamRole | 'admin';
  /** The least role that may do it to what is theirs: their job, the machine that they lend. */
  own?: TeamRole;
  scope: Scope;
};

/** All that can be done on a farm by somebody who is known, and who may. docs/accounts.md shows this table. */
export const PERMISSIONS = {
  'account.see': { who: 'viewer', scope: 'read' },
  'account.change': { who: 'viewer', scope: 'manage' },
  'teams.create': { who: 'viewer', scope: 'manage' },
  'team.see': { who: 'viewer', scope: 'read' },
  'team.leave': { who: 'viewer', scope: 'manage' },
  'team.invite': { who: 'manager', scope: 'manage' },
  'team.members': { who: 'manager', scope: 'manage' },
  'team.change': { who: 'owner', scope: 'manage' },
  'jobs.see': { who: 'viewer', scope: 'read' },
  'jobs.submit': { who: 'member', scope: 'submit' },
  'jobs.steer': {
    who: 'manager',
    own: 'member',
    scope: 'submit',
  },
  'jobs.prioritise': { who: 'manager', own: 'member', scope: 'submit' },
  'jobs.delete': { who: 'manager', own: 'member', scope: 'submit' },
  'workers.see': { who: 'viewer', scope: 'read' },
  'workers.lend': { who: 'member', scope: 'lend' },
  'workers.steer': { who: 'manager', own: 'member', scope: 'lend' },
  'workers.manage': { who: 'admin', scope: 'manage' },
  'load.see': { who: 'admin', scope: 'read' },
  'load.manage': { who: 'admin', scope: 'manage' },
  'farm.change': { who: 'admin', scope: 'manage' },
  'people.manage': { who: 'admin', scope: 'manage' },
  'teams.manage': { who: 'admin', scope: 'manage' },
  'audit.see': { who: 'admin', scope: 'read' },
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
