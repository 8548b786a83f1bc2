import type { JobId, PersonId, TeamId } from '../../model/ids.ts';
import { isOver, JOB_STATUSES } from '../../model/job.ts';
import type { Db } from './connect.ts';
import type { TeamRow } from './people.ts';

/** The teams for whose jobs something may be due: all of them where the farm itself has a limit, else those with one, or with jobs that were told of one. */
export function teamsWithLimits(db: Db, all: boolean, code: string): Promise<TeamRow[]> {
  const teams = db.selectFrom('teams').selectAll().orderBy('id');
  if (all) return teams.execute();
  return teams
    .where((eb) =>
      eb.or([
        eb('limits_json', 'is not', null),
        eb(
          'id',
          'in',
          eb
            .selectFrom('job_notes')
            .innerJoin('jobs', 'jobs.id', 'job_notes.job_id')
            .select('jobs.team_id')
            .where('job_notes.code', '=', code),
        ),
      ]),
    )
    .execute();
}

export type EndingJob = {
  id: JobId;
  team_id: TeamId;
  person_id: PersonId;
  name: string;
  finished_at: number;
  /** What it was told of its end, and when. */
  note: string | null;
  noted_at: number | null;
};

/** Jobs of a team that were over before that time, oldest first, from after that one on; with null, those that were told of their end. */
export async function jobsFinishedBefore(
  db: Db,
  team: TeamId,
  { before, after, limit }: { before: number | null; after: EndingJob | null; limit: number },
  code: string,
): Promise<EndingJob[]> {
  let query = db
    .selectFrom('jobs')
    .leftJoin('job_notes', (join) =>
      join.onRef('job_notes.job_id', '=', 'jobs.id').on('job_notes.code', '=', code),
    )
    .select([
      'jobs.id',
      'jobs.team_id',
      'jobs.person_id',
      'jobs.name',
      'jobs.finished_at',
      'job_notes.message',
      'job_notes.at',
    ])
    .where('jobs.team_id', '=', team)
    .where('jobs.state', 'in', JOB_STATUSES.filter(isOver))
    .orderBy('jobs.finished_at')
    .orderBy('jobs.id')
    .limit(limit);
  query =
    before === null
      ? query.where('job_notes.id', 'is not', null)
      : query.where('jobs.finished_at', '<=', before);
  if (after !== null)
    query = query.where((eb) =>
      eb.or([
        eb('jobs.finished_at', '>', after.finished_at),
        eb.and([eb('jobs.finished_at', '=', after.finished_at), eb('jobs.id', '>', after.id)]),
      ]),
    );
  const rows = await query.execute();
  return rows.map(({ id, team_id, person_id, name, finished_at, message, at }) => ({
    id,
    team_id,
    person_id,
    name,
    finished_at: finished_at ?? 0,
    note: message,
    noted_at: at,
  }));
}

/** A job that goes on is told anew when it is over again. */
export async function dropNotesOfLiveJobs(db: Db, code: string): Promise<void> {
  await db
    .deleteFrom('job_notes')
    .where('code', '=', code)
    .where('job_id', 'in', (eb) =>
      eb
        .selectFrom('jobs')
        .select('jobs.id')
        .where(
          'state',
          'in',
          JOB_STATUSES.filter((status) => !isOver(status)),
        ),
    )
    .execute();
}
