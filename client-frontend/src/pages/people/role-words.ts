import type { Scope, TeamRole } from '@parallel-pilot/shared/access/principal.ts';

export const ROLES: readonly { value: TeamRole; label: string; does: string }[] = [
  { value: 'owner', label: 'Owner', does: 'all of it, also to hand over or delete the team' },
  { value: 'manager', label: 'Manager', does: 'steers everybody’s jobs and machines, and invites people' },
  { value: 'member', label: 'Member', does: 'submits jobs, steers their own, lends machines' },
  { value: 'viewer', label: 'Viewer', does: 'sees jobs and workers' },
];
export const roleLabel = (role: TeamRole): string => ROLES.find(({ value }) => value === role)?.label ?? role;

export const SCOPE_WORDS: Record<Scope, string> = {
  read: 'See jobs and results',
  submit: 'Submit and steer jobs',
  manage: 'Manage the account, teams and people',
  lend: 'Lend machines',
};
