import { type Action, type Actor, isAtLeast, PERMISSIONS, type Permission } from './permissions.ts';

/** What each action is, as a sentence says it: "… may not <words>". */
export const ABOUT: Record<Action, string> = {
  'account.see': 'see their account',
  'account.change': 'change their account and keys',
  'teams.create': 'make teams',
  'team.see': 'see the team',
  'team.leave': 'leave the team',
  'team.invite': 'invite people',
  'team.members': 'change or remove members',
  'team.change': 'rename, hand over or delete the team',
  'jobs.see': 'see jobs',
  'jobs.submit': 'submit jobs',
  'jobs.steer': 'pause, cancel, retry or change jobs',
  'jobs.prioritise': 'change the priority of jobs',
  'jobs.delete': 'delete jobs',
  'workers.see': 'see workers',
  'workers.lend': 'lend machines',
  'workers.steer': 'change workers',
  'workers.manage': 'manage the machines of the farm',
  'load.see': 'see how loaded the farm is, and will be',
  'load.manage': 'say what the load of the farm is forecast by',
  'farm.change': 'change settings of the whole farm',
  'people.manage': 'manage the people of the farm',
  'teams.manage': 'manage the teams and limits of the farm',
  'audit.see': 'see the audit',
};

/** Why not, and who can help: a sentence for whoever was refused. */
export function refusalOf(actor: Actor, action: Action): string {
  const { who, own, scope }: Permission = PERMISSIONS[action];
  const about = ABOUT[action];
  if (!actor.scopes.includes(scope))
    return `This key may not ${about}: it lacks the scope "${scope}". Make one that has it on your account's page.`;
  if (who === 'admin') return `Only an admin of the farm may ${about}.`;
  const theirs = own !== undefined && isAtLeast(actor.teamRole, own) ? ' of others' : '';
  return `As a ${actor.teamRole} of this team you may not ${about}${theirs}. Ask ${who === 'owner' ? 'its owner' : `a ${who} of it`}.`;
}
