import { type Principal, SCOPES } from '@parallel-pilot/shared/access/principal.ts';
import type { DeletePersonQuery } from '@parallel-pilot/shared/api/limits.ts';
import { PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import {
  handOverJob,
  jobsOfTeams,
  liveJobsOf,
  removePerson,
  type TheirJob,
  teamsOnlyOf,
} from '@parallel-pilot/shared/server/db/administration.ts';
import { findPerson, type PersonRow, teamsOf } from '@parallel-pilot/shared/server/db/people.ts';
import { cancelJob } from '../jobs/actions.ts';
import { deleteJobWithBlobs } from '../jobs/delete-job.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import { shutOut } from './change-person.ts';
import type { PeopleParts } from './people-parts.ts';
import { PERSON_UNKNOWN, type Refusal, refuse } from './refusal.ts';

type Jobs = NonNullable<DeletePersonQuery['jobs']>;
type Deletion = { ok: true; name: string } | Refusal;

const AT_ONCE = 100;

/**
 * Takes a person out of the farm, with their own team, keys, sessions and machines. Where jobs of theirs are not over,
 * it has to be said what becomes of those. They are shut out first, so that nothing comes after; when this process dies
 * in between they stay shut out, and the same may be asked again.
 */
export async function deletePerson(
  parts: PeopleParts,
  admin: Principal,
  id: PersonId,
  jobs: Jobs | undefined,
): Promise<Deletion> {
  const { db } = parts;
  const person = await findPerson(db, id);
  if (person === undefined || person.deleted_at !== null) return PERSON_UNKNOWN;
  const why = notToBeDeleted(person, admin);
  if (why !== null) return refuse(409, 'not-allowed', why);
  const live = await liveJobsOf(db, id);
  if (live.length > 0 && jobs === undefined) return askAboutJobs(person, live);
  const heir = jobs === undefined || jobs === 'cancel' ? null : await heirOf(parts, person, live, jobs);
  if (heir !== null && !heir.ok) return heir;
  const shut = await shutOut(parts, id);
  if (!shut.ok) return shut;
  if (heir === null) await cancelAll(parts, await liveJobsOf(db, id));
  else await handOver(parts, id, heir.to);
  await deleteJobs(parts, await teamsOnlyOf(db, id));
  // The account first: its sessions and its sign-in end, and the person that is left can be asked for again.
  if (person.subject.startsWith('auth:')) await parts.accounts?.records.remove(person.subject);
  await db.transaction().execute((transaction) => removePerson(transaction, id, parts.clock()));
  parts.log.info({ event: 'person.deleted', person: id });
  return { ok: true, name: person.name };
}

function notToBeDeleted({ id, subject }: PersonRow, admin: Principal): string | null {
  if (id === admin.person) return 'You cannot delete yourself. Ask another admin.';
  if (subject === 'local')
    return 'This is who sits at the machine of the farm, whom it cannot do without. Ban them to keep their keys out.';
  return null;
}

function askAboutJobs({ name }: PersonRow, live: TheirJob[]): Refusal {
  const some = live.slice(0, 3).map((job) => `"${job.name}"`);
  const names = live.length > 3 ? `${some.join(', ')} and ${live.length - 3} more` : some.join(', ');
  const are = live.length === 1 ? 'a job that is not over' : `${live.length} jobs that are not over`;
  return {
    ...refuse(
      409,
      'jobs-under-way',
      `${name} has ${are}: ${names}. Say what becomes of them: jobs=cancel ends them, jobs=hand-over: and a person's id gives them to somebody else.`,
    ),
    choices: ['cancel', 'hand-over'],
  };
}

type Heir = { ok: true; to: { person: PersonId; own: TeamId } };

async function heirOf(
  { db }: PartsWithEngine,
  person: PersonRow,
  live: TheirJob[],
  jobs: Jobs,
): Promise<Heir | Refusal> {
  const to = PersonId.parse(jobs.slice('hand-over:'.length));
  const heir = await findPerson(db, to);
  if (heir === undefined || heir.deleted_at !== null || to === person.id)
    return refuse(422, 'person-unknown', 'There is no such person to take the jobs.');
  if (heir.banned_at !== null)
    return refuse(422, 'person-banned', `${heir.name} is banned, and cannot take the jobs.`);
  const teams = await teamsOf(db, to);
  const own = teams.find(({ personal }) => personal)?.id;
  if (own === undefined) return refuse(422, 'no-team', `${heir.name} has no team of their own.`);
  const moving = new Set(await teamsOnlyOf(db, person.id));
  const foreign = live.find((job) => !moving.has(job.team_id) && !teams.some(({ id }) => id === job.team_id));
  if (foreign !== undefined) {
    const message = `"${foreign.name}" belongs to a team that ${heir.name} is not in. Let them join it, or choose somebody of it.`;
    return refuse(422, 'not-in-team', message);
  }
  return { ok: true, to: { person: to, own } };
}

/** Live jobs stay in their teams; what is in a team that goes away comes into the heir's own. */
async function handOver(parts: PartsWithEngine, id: PersonId, { person, own }: Heir['to']): Promise<void> {
  const { db } = parts;
  const going = await teamsOnlyOf(db, id);
  for (;;) {
    const moving = await jobsOfTeams(db, going, AT_ONCE);
    if (moving.length === 0) break;
    await giveTo(parts, moving, () => ({ person, team: own }));
  }
  await giveTo(parts, await liveJobsOf(db, id), (job) => ({ person, team: job.team_id }));
}

async function giveTo(
  parts: PartsWithEngine,
  jobs: TheirJob[],
  to: (job: TheirJob) => { person: PersonId; team: TeamId },
): Promise<void> {
  const now = parts.clock();
  await parts.db.transaction().execute(async (transaction) => {
    for (const job of jobs) await handOverJob(transaction, job, to(job), now);
  });
  if (jobs.length > 0) parts.balancer.jobsChanged(jobs.map((job) => job.id));
  for (const job of jobs) {
    if (to(job).team !== job.team_id) parts.live.jobDeleted(job.id, job.team_id);
    parts.live.jobChanged(job.id);
  }
}

async function cancelAll(parts: PartsWithEngine, jobs: TheirJob[]): Promise<void> {
  for (const job of jobs) await cancelJob(parts, asOwner(job), job.id);
}

/** As whoever may do everything to it, for what the farm does itself. */
const asOwner = ({ team_id, person_id }: TheirJob): Principal => ({
  person: person_id,
  team: team_id,
  teamRole: 'owner',
  farmRole: 'person',
  scopes: SCOPES,
  proof: { type: 'local' },
  impersonator: null,
});

async function deleteJobs(parts: PartsWithEngine, teams: TeamId[]): Promise<void> {
  for (;;) {
    const jobs = await jobsOfTeams(parts.db, teams, AT_ONCE);
    if (jobs.length === 0) return;
    // Those of people who left such a team may not be over.
    await cancelAll(parts, jobs);
    for (const job of jobs) {
      await parts.engine.backgroundTasks.stop(job.id);
      await parts.engine.exclusive(job.id, () => deleteJobWithBlobs(parts, job.id));
      parts.live.jobDeleted(job.id, job.team_id);
    }
    parts.balancer.jobsChanged(jobs.map((job) => job.id));
  }
}
