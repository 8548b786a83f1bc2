import { type Principal, TEAM_ROLES } from '@parallel-pilot/shared/access/principal.ts';
import type { MyTeam } from '@parallel-pilot/shared/api/farm.ts';
import type { TeamDetail } from '@parallel-pilot/shared/api/people.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { teamsOf } from '@parallel-pilot/shared/server/db/people.ts';
import {
  countJobs,
  deleteTeam,
  findTeam,
  lockTeam,
  membersOf,
  moveJobs,
  removeMember,
  rolesIn,
  setRole,
} from '@parallel-pilot/shared/server/db/teams.ts';
import { deleteJobWithBlobs } from '../jobs/delete-job.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import type { Parts } from '../parts.ts';
import { changeMembership, type MembershipChange } from './membership.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The teams that somebody may act in: a key is of one. */
export async function myTeams({ db }: Pick<Parts, 'db'>, by: Principal): Promise<MyTeam[]> {
  const teams = await teamsOf(db, by.person);
  return teams
    .filter(({ id }) => by.proof.type !== 'key' || id === by.team)
    .map(({ id, name, role, personal }) => ({ id, name, role, personal }));
}

/** The team with its members, owners first. */
export async function teamDetail(
  { db }: Pick<Parts, 'db'>,
  id: TeamId,
  { person, teamRole }: Principal,
): Promise<TeamDetail | null> {
  const team = await findTeam(db, id);
  if (team === undefined) return null;
  const members = (await membersOf(db, id)).map(({ role, joined_at, ...of }) => ({
    person: of,
    role,
    joinedAt: joined_at,
  }));
  const rank = ({ role }: { role: TeamDetail['role'] }) => TEAM_ROLES.indexOf(role);
  return {
    id,
    name: team.name,
    role: teamRole,
    personal: team.personal_of === person,
    createdAt: team.created_at,
    members: members.toSorted((a, b) => rank(a) - rank(b)),
  };
}

/** One change at a time in a team, so that two that fit alone leave no team without an owner together. */
export function changeMembers(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  team: TeamId,
  by: Principal,
  change: MembershipChange,
): Promise<{ ok: true } | Refusal> {
  return db.transaction().execute(async (transaction) => {
    const row = await lockTeam(transaction, team);
    const members = row === undefined ? new Map() : await rolesIn(transaction, team);
    const outcome = changeMembership(members, row?.personal_of !== null, by.person, change);
    if (!outcome.ok) return outcome;
    for (const [person, role] of outcome.changes) {
      if (role === null) await removeMember(transaction, team, person, clock());
      else await setRole(transaction, team, person, role);
    }
    return { ok: true };
  });
}

/** Deletes a team that has nothing under way. Its stored jobs go first, one by one: a cut leaves the team, and what is left of them. */
export async function closeTeam(
  parts: PartsWithEngine,
  team: TeamId,
  by: Principal,
  jobs: 'delete' | 'keep' | undefined,
): Promise<{ ok: true } | Refusal> {
  const { db, clock } = parts;
  const row = await findTeam(db, team);
  if (row === undefined || row.personal_of !== null) return OWN_TEAM;
  const refused = whyNotClosed(await countJobs(db, team), jobs);
  if (refused !== null) return refused;
  if (jobs === 'delete') for (const job of await jobsOf(parts, team)) await deleteJobWithBlobs(parts, job);
  return db.transaction().execute(async (transaction) => {
    await lockTeam(transaction, team);
    if (jobs === 'keep') {
      const own = await transaction
        .selectFrom('teams')
        .select('id')
        .where('personal_of', '=', by.person)
        .executeTakeFirstOrThrow();
      const counted = await countJobs(transaction, team);
      if (counted.live > 0) return underWay(counted.live);
      await moveJobs(transaction, team, own.id, by.person);
    }
    // Somebody may have submitted one meanwhile.
    const refused = whyNotClosed(await countJobs(transaction, team), undefined);
    if (refused !== null) return refused;
    await deleteTeam(transaction, team, clock());
    return { ok: true };
  });
}

function whyNotClosed(
  { live, over }: { live: number; over: number },
  jobs: 'delete' | 'keep' | undefined,
): Refusal | null {
  if (live > 0) return underWay(live);
  if (over === 0 || jobs !== undefined) return null;
  return {
    ...refuse(
      409,
      'jobs-stored',
      `The team has ${over} stored ${over === 1 ? 'job' : 'jobs'}. Say what becomes of them: "delete" deletes them with all results, "keep" makes them yours, in your own team.`,
    ),
    choices: ['delete', 'keep'],
  };
}

const underWay = (live: number): Refusal =>
  refuse(
    409,
    'jobs-under-way',
    `${live} ${live === 1 ? 'job of this team is' : 'jobs of this team are'} not over yet. Cancel ${live === 1 ? 'it' : 'them'} or wait, and delete the team then.`,
  );

const jobsOf = async ({ db }: Pick<Parts, 'db'>, team: TeamId): Promise<JobId[]> =>
  (await db.selectFrom('jobs').select('id').where('team_id', '=', team).execute()).map(({ id }) => id);

const OWN_TEAM = refuse(409, 'own-team', "A person's own team is not deleted; it goes with the person.");
