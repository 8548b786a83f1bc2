import type { Selectable } from 'kysely';
import type { LinkId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { LinksTable } from './schema/people.ts';

export type LinkRow = Selectable<LinksTable>;

export async function insertLink(db: Db, row: Omit<LinkRow, 'used_at'>): Promise<void> {
  await db
    .insertInto('links')
    .values({ ...row, used_at: null })
    .execute();
}

export const findLink = (db: Db, tokenHash: string): Promise<LinkRow | undefined> =>
  db.selectFrom('links').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();

/** Uses a link up: true for one caller alone, however many have it. */
export async function useLink(db: Db, id: LinkId, at: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('links')
    .set({ used_at: at })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}

/** Makes a link good again whose use came to nothing, such as for an e-mail that is taken. */
export async function giveBackLink(db: Db, id: LinkId): Promise<void> {
  await db.updateTable('links').set({ used_at: null }).where('id', '=', id).execute();
}

/** Invitations that are open, newest first: those to a team, or to the farm alone. */
export const openInvitations = (db: Db, team: TeamId | null, now: number) =>
  db
    .selectFrom('links')
    .leftJoin('teams', 'teams.id', 'links.team_id')
    .leftJoin('people', 'people.id', 'links.created_by')
    .select([
      'links.id',
      'links.role',
      'links.email',
      'links.created_at',
      'links.expires_at',
      'links.team_id',
      'teams.name as team',
      'links.created_by',
      'people.name as by',
    ])
    .where('purpose', '=', 'invitation')
    .where((eb) => (team === null ? eb('links.team_id', 'is', null) : eb('links.team_id', '=', team)))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('links.created_at', 'desc')
    .execute();

/** False where there is no such open invitation to that team, or to the farm alone. */
export async function deleteInvitation(db: Db, id: LinkId, team: TeamId | null): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('links')
    .where('id', '=', id)
    .where('purpose', '=', 'invitation')
    .where((eb) => (team === null ? eb('team_id', 'is', null) : eb('team_id', '=', team)))
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return Number(numDeletedRows) > 0;
}

/** Takes back the links of a purpose that nobody used yet: a newer one stands in their place. */
export async function deleteOpenLinks(
  db: Db,
  purpose: LinkRow['purpose'],
  person: LinkRow['person_id'] = null,
): Promise<void> {
  await db
    .deleteFrom('links')
    .where('purpose', '=', purpose)
    .where((eb) => (person === null ? eb('person_id', 'is', null) : eb('person_id', '=', person)))
    .where('used_at', 'is', null)
    .execute();
}

/** Forgets links whose time was over before that. */
export async function deleteOldLinks(db: Db, before: number): Promise<void> {
  await db.deleteFrom('links').where('expires_at', '<', before).execute();
}

/** Whether somebody with this e-mail, in lower case, is invited to the farm or a team of it. */
export async function hasOpenInvitation(db: Db, email: string, now: number): Promise<boolean> {
  const found = await db
    .selectFrom('links')
    .select('id')
    .where('purpose', '=', 'invitation')
    .where('email', '=', email.toLowerCase())
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return found !== undefined;
}
