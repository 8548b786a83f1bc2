import type { Selectable } from 'kysely';
import type { Db } from './connect.ts';
import type { ImpersonationsTable } from './schema/people.ts';

export async function insertImpersonation(db: Db, row: ImpersonationsTable): Promise<void> {
  await db.insertInto('impersonations').values(row).execute();
}

export const findImpersonation = (
  db: Db,
  tokenHash: string,
  now: number,
): Promise<Selectable<ImpersonationsTable> | undefined> =>
  db
    .selectFrom('impersonations')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();

export async function deleteImpersonation(db: Db, tokenHash: string): Promise<void> {
  await db.deleteFrom('impersonations').where('token_hash', '=', tokenHash).execute();
}

export async function deleteExpiredImpersonations(db: Db, now: number): Promise<void> {
  await db.deleteFrom('impersonations').where('expires_at', '<=', now).execute();
}
