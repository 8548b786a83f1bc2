import { newId, type PersonId, type RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Membership } from '@parallel-pilot/shared/server/db/people.ts';
import { joinTeam, removeMember, teamOfSubject } from '@parallel-pilot/shared/server/db/teams.ts';
import type { VouchedTeams } from './identities.ts';

const isOf = ({ subject }: Pick<Membership, 'subject'>, source: string): boolean =>
  subject?.startsWith(`${source}:`) ?? false;

/** The teams that somebody may act in while they are vouched for like this: of that source, those named alone. */
export const usable = (teams: Membership[], vouched: VouchedTeams): Membership[] =>
  teams.filter(
    (team) => !isOf(team, vouched.source) || vouched.teams.some(({ subject }) => subject === team.subject),
  );

/** What must change in somebody's teams for them to be as they are vouched for. Nothing, as a rule. */
export function differences(teams: Membership[], { source, all, teams: named }: VouchedTeams) {
  const of = new Map(teams.map((team) => [team.subject, team]));
  return {
    join: named.filter(({ subject, role }) => of.get(subject)?.role !== role),
    leave: all
      ? teams.filter((team) => isOf(team, source) && !named.some(({ subject }) => subject === team.subject))
      : [],
  };
}

/** Brings the teams of a person to what they are vouched for; a team that is not known yet is made. False where all was so already. */
export async function takeOver(
  db: Db,
  person: PersonId,
  before: Membership[],
  vouched: VouchedTeams,
  { random, now }: { random: RandomBytes; now: number },
): Promise<boolean> {
  const { join, leave } = differences(before, vouched);
  if (join.length === 0 && leave.length === 0) return false;
  await db.transaction().execute(async (transaction) => {
    for (const { subject, name, role } of join) {
      const team = await teamOfSubject(transaction, {
        id: newId('tea', random),
        subject,
        name,
        created_at: now,
      });
      await joinTeam(transaction, { team_id: team, person_id: person, role, joined_at: now });
    }
    for (const { id } of leave) await removeMember(transaction, id, person, now);
  });
  return true;
}
