import { type Insertable, MysqlAdapter, sql } from 'kysely';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { TeamMembersTable } from './schema.ts';

/** The team that is kept elsewhere under that subject, made with this row where it is not known yet. */
export async function teamOfSubject(
  db: Db,
  team: { id: TeamId; subject: string; name: string; created_at: number },
): Promise<TeamId> {
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  const insert = db.insertInto('teams').values({ ...team, personal_of: null, limits_json: null });
  await (mysql ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing())).execute();
  const { id } = await db
    .selectFrom('teams')
    .select('id')
    .where('subject', '=', team.subject)
    .executeTakeFirstOrThrow();
  return id;
}

/** Makes somebody a member in that role, or changes theirs. */
export async function joinTeam(db: Db, member: Insertable<TeamMembersTable>): Promise<void> {
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  const insert = db.insertInto('team_members').values(member);
  await (mysql
    ? insert.onDuplicateKeyUpdate({ role: sql`values(role)` })
    : insert.onConflict((conflict) =>
        conflict.columns(['team_id', 'person_id']).doUpdateSet((eb) => ({ role: eb.ref('excluded.role') })),
      )
  ).execute();
}

export async function leaveTeam(db: Db, team: TeamId, person: PersonId): Promise<void> {
  await db.deleteFrom('team_members').where('team_id', '=', team).where('person_id', '=', person).execute();
}
