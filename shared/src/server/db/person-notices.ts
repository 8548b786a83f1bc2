import type { Selectable } from 'kysely';
import type { ReadNotices } from '../../api/notices.ts';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { PersonNoticesTable } from './schema/notices.ts';
import { jobsOfWhole } from './wholes.ts';

export type PersonNoticeRow = Selectable<PersonNoticesTable>;

/** Whose, in the team that they act in. */
type Of = { person: PersonId; team: TeamId };

/** The newest first. */
export const personNotices = (db: Db, { person, team }: Of, limit: number): Promise<PersonNoticeRow[]> =>
  db
    .selectFrom('person_notices')
    .selectAll()
    .where('person_id', '=', person)
    .where('team_id', '=', team)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

export async function countUnread(db: Db, { person, team }: Of): Promise<number> {
  const row = await db
    .selectFrom('person_notices')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('person_id', '=', person)
    .where('team_id', '=', team)
    .where('is_read', '=', 0)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Those of a job, or of a whole and its jobs, or those that were shown and all before the first of them. True where any was new until now. */
export async function markRead(
  db: Db,
  { person, team }: Of,
  which: ReadNotices,
  now: number,
): Promise<boolean> {
  const query = db
    .updateTable('person_notices')
    .set({ is_read: 1, changed_at: now })
    .where('person_id', '=', person)
    .where('team_id', '=', team)
    .where('is_read', '=', 0);
  const some =
    'job' in which
      ? query.where('job_id', '=', which.job)
      : 'whole' in which
        ? query.where('job_id', 'in', jobsOfWhole(db, which.whole, team))
        : query.where((eb) => eb.or([eb('id', 'in', which.shown), eb('id', '<', Math.min(...which.shown))]));
  return Number((await some.executeTakeFirst()).numUpdatedRows) > 0;
}

/** Of these people, by what changed for them since: a text that is another one when more did. */
export async function noticesChangedSince(
  db: Db,
  people: readonly PersonId[],
  since: number,
): Promise<Map<PersonId, string>> {
  const found = new Map<PersonId, string>();
  for (let at = 0; at < people.length; at += 500) {
    const rows = await db
      .selectFrom('person_notices')
      .select(
        (eb) =>
          [
            'person_id',
            eb.fn.max('changed_at').as('newest'),
            eb.fn.countAll().as('count'),
            eb.fn.sum('is_read').as('read'),
          ] as const,
      )
      .where('person_id', 'in', people.slice(at, at + 500))
      .where('changed_at', '>=', since)
      .groupBy('person_id')
      .execute();
    for (const { person_id, newest, count, read } of rows) found.set(person_id, `${newest} ${count} ${read}`);
  }
  return found;
}
