import { MysqlAdapter } from 'kysely';
import type { OwnerId } from '../../model/ids.ts';
import type { Db } from './connect.ts';

const LOCAL_OWNER = 'own_local00000000000000' as OwnerId;

/** The farm's one owner, made at the first start. */
export async function ensureOwner(db: Db, now: number): Promise<OwnerId> {
  const found = await firstOwner(db);
  if (found !== undefined) return found;
  const mysql = db.getExecutor().adapter instanceof MysqlAdapter;
  const insert = db.insertInto('owners').values({ id: LOCAL_OWNER, name: 'Owner', created_at: now });
  await (mysql ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing())).execute();
  return (await firstOwner(db)) ?? LOCAL_OWNER;
}

async function firstOwner(db: Db): Promise<OwnerId | undefined> {
  const row = await db.selectFrom('owners').select('id').orderBy('created_at').limit(1).executeTakeFirst();
  return row?.id;
}
