import { sql } from 'kysely';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { TeamRow } from './people.ts';
import { findTeam, lockTeam } from './teams.ts';

/** Teams by name, from after that one on. */
export async function listTeams(
  db: Db,
  { after, limit }: { after: TeamId | undefined; limit: number },
): Promise<(TeamRow & { members: number })[]> {
  let query = db
    .selectFrom('teams')
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('team_members')
        .select((members) => members.fn.countAll<number>().as('count'))
        .whereRef('team_id', '=', 'teams.id')
        .as('members'),
    );
  const last = after === undefined ? undefined : (await findTeam(db, after))?.name;
  if (after !== undefined && last !== undefined)
    query = query.where(sql<boolean>`(name > ${last} or (name = ${last} and id > ${after}))`);
  const rows = await query.orderBy('name').orderBy('id').limit(limit).execute();
  return rows.map((row) => ({ ...row, members: Number(row.members ?? 0) }));
}

/** Changes what is set for a team from what is set for it now; undefined where there is none. */
export const setTeamLimits = (
  db: Db,
  id: TeamId,
  change: (row: TeamRow) => string | null,
): Promise<TeamRow | undefined> =>
  db.transaction().execute(async (transaction) => {
    const row = await lockTeam(transaction, id);
    if (row === undefined) return undefined;
    const limits_json = change(row);
    await transaction.updateTable('teams').set({ limits_json }).where('id', '=', id).execute();
    return { ...row, limits_json };
  });

/** The teams and people for whom an admin set anything. */
export async function holdersWithLimits(
  db: Db,
): Promise<{ id: TeamId | PersonId; limits_json: string | null }[]> {
  const teams = await db
    .selectFrom('teams')
    .select(['id', 'limits_json'])
    .where('limits_json', 'is not', null)
    .execute();
  const people = await db
    .selectFrom('people')
    .select(['id', 'limits_json'])
    .where('limits_json', 'is not', null)
    .execute();
  return [...teams, ...people];
}
