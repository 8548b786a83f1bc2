import { TEAM_ROLES, type TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import type { GroupRule } from '@parallel-pilot/shared/server/sign-in-config.ts';

/** What the subjects of such teams begin with. */
export const GROUPS = 'group';

export type VouchedTeam = { subject: string; name: string; role: TeamRole };

/** The teams that somebody in these groups is in; of several roles in a team the one that may most. */
export function teamsOfGroups(groups: readonly string[], rules: readonly GroupRule[]): VouchedTeam[] {
  const teams = new Map<string, VouchedTeam>();
  for (const { group, team, role } of rules) {
    if (!groups.includes(group)) continue;
    const known = teams.get(team);
    if (known !== undefined && TEAM_ROLES.indexOf(known.role) <= TEAM_ROLES.indexOf(role)) continue;
    teams.set(team, { subject: `${GROUPS}:${team}`, name: team, role });
  }
  return [...teams.values()];
}
