import type { Selectable } from 'kysely';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { DeviceCodesTable } from './schema/people.ts';

export type DeviceCodeRow = Selectable<DeviceCodesTable>;

export async function insertDeviceCode(
  db: Db,
  row: Omit<DeviceCodeRow, 'state' | 'person_id' | 'team_id'>,
): Promise<void> {
  await db
    .insertInto('device_codes')
    .values({ ...row, state: 'waiting', person_id: null, team_id: null })
    .execute();
}

export const findDeviceCode = (db: Db, deviceHash: string, now: number): Promise<DeviceCodeRow | undefined> =>
  db
    .selectFrom('device_codes')
    .selectAll()
    .where('device_hash', '=', deviceHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();

/** One that nobody has decided about yet. */
export const findUserCode = (db: Db, userCode: string, now: number): Promise<DeviceCodeRow | undefined> =>
  db
    .selectFrom('device_codes')
    .selectAll()
    .where('user_code', '=', userCode)
    .where('state', '=', 'waiting')
    .where('expires_at', '>', now)
    .executeTakeFirst();

/** True for whoever decided first. */
export async function decideDeviceCode(
  db: Db,
  userCode: string,
  decision: { state: 'approved'; person_id: PersonId; team_id: TeamId } | { state: 'refused' },
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('device_codes')
    .set(decision)
    .where('user_code', '=', userCode)
    .where('state', '=', 'waiting')
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}

/** True for one caller alone: a code is good for one key. */
export async function takeDeviceCode(db: Db, deviceHash: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('device_codes')
    .where('device_hash', '=', deviceHash)
    .executeTakeFirst();
  return Number(numDeletedRows) > 0;
}

export async function countDeviceCodes(db: Db, now: number): Promise<number> {
  const row = await db
    .selectFrom('device_codes')
    .select((eb) => eb.fn.countAll().as('codes'))
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return Number(row?.codes ?? 0);
}

export async function deleteOldDeviceCodes(db: Db, now: number): Promise<void> {
  await db.deleteFrom('device_codes').where('expires_at', '<=', now).execute();
}
