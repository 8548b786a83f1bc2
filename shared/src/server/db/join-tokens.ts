import type { Insertable, Selectable } from 'kysely';
import { TEAM_ROLES, type TeamRole } from '../../access/principal.ts';
import type { JoinTokenId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { JoinTokensTable } from './schema/people.ts';

export type JoinTokenRow = Selectable<JoinTokensTable>;

/** Those who may lend machines at all, see `workers.lend` in the table of permissions. */
const LENDERS: readonly TeamRole[] = TEAM_ROLES.slice(0, TEAM_ROLES.indexOf('viewer'));

export async function insertJoinToken(
  db: Db,
  token: Omit<Insertable<JoinTokensTable>, 'revoked_at'>,
): Promise<void> {
  await db
    .insertInto('join_tokens')
    .values({ ...token, revoked_at: null })
    .execute();
}

export type ShownJoinToken = JoinTokenRow & { personName: string; workers: number };

/** The team's tokens that were not revoked, with how many machines joined with each, newest first. */
export const joinTokensOf = (db: Db, team: TeamId): Promise<ShownJoinToken[]> =>
  db
    .selectFrom('join_tokens')
    .innerJoin('people', 'people.id', 'join_tokens.person_id')
    .leftJoin(
      (eb) =>
        eb
          .selectFrom('workers')
          .select((it) => ['workers.join_token_id', it.fn.countAll<number>().as('workers')])
          .where('workers.team_id', '=', team)
          .where('workers.revoked_at', 'is', null)
          .groupBy('workers.join_token_id')
          .as('joined'),
      (join) => join.onRef('joined.join_token_id', '=', 'join_tokens.id'),
    )
    .selectAll('join_tokens')
    .select((eb) => [
      'people.name as personName',
      eb.fn.coalesce('joined.workers', eb.lit(0)).$castTo<number>().as('workers'),
    ])
    .where('join_tokens.team_id', '=', team)
    .where('join_tokens.revoked_at', 'is', null)
    .orderBy('join_tokens.created_at', 'desc')
    .orderBy('join_tokens.id')
    .execute();

export const findJoinToken = (db: Db, id: JoinTokenId): Promise<JoinTokenRow | undefined> =>
  db.selectFrom('join_tokens').selectAll().where('id', '=', id).executeTakeFirst();

/** Of a token that a machine brings: `lends` is false where its person is banned, or may lend nothing for the team now. */
export type BroughtToken = JoinTokenRow & { lends: boolean };

const broughtTokens = (db: Db) =>
  db
    .selectFrom('join_tokens')
    .leftJoin('people', 'people.id', 'join_tokens.person_id')
    .leftJoin('team_members', (join) =>
      join
        .onRef('team_members.person_id', '=', 'join_tokens.person_id')
        .onRef('team_members.team_id', '=', 'join_tokens.team_id'),
    )
    .selectAll('join_tokens')
    .select(['people.id as person', 'people.banned_at as bannedAt', 'team_members.role as role']);

type Brought = Awaited<ReturnType<ReturnType<typeof broughtTokens>['execute']>>[number];

const withStanding = ({ person, bannedAt, role, ...row }: Brought): BroughtToken => ({
  ...row,
  lends: person !== null && bannedAt === null && role !== null && LENDERS.includes(role),
});

export async function findBroughtToken(db: Db, hash: string): Promise<BroughtToken | undefined> {
  const row = await broughtTokens(db).where('join_tokens.hash', '=', hash).executeTakeFirst();
  return row && withStanding(row);
}

export async function broughtTokensById(db: Db, ids: JoinTokenId[]): Promise<BroughtToken[]> {
  if (ids.length === 0) return [];
  return (await broughtTokens(db).where('join_tokens.id', 'in', ids).execute()).map(withStanding);
}

/** Counts one use. False where it has none left, or was revoked meanwhile. */
export async function takeUse(db: Db, id: JoinTokenId): Promise<boolean> {
  const taken = await db
    .updateTable('join_tokens')
    .set((eb) => ({ uses_left: eb('uses_left', '-', 1) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('uses_left', 'is', null), eb('uses_left', '>', 0)]))
    .executeTakeFirst();
  return Number(taken.numUpdatedRows) === 1;
}

/** False where it was revoked already. */
export async function revokeJoinToken(db: Db, id: JoinTokenId, at: number): Promise<boolean> {
  const revoked = await db
    .updateTable('join_tokens')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return Number(revoked.numUpdatedRows) === 1;
}
