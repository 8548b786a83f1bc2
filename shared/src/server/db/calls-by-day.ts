import { sql } from 'kysely';
import type { PersonId, TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';

/** The day, UTC, that a time lies in, such as `2026-11-22`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Calls of that day, by team and person; 0 for those without any. */
export async function callsOnDay(
  db: Db,
  holders: readonly (TeamId | PersonId)[],
  day: string,
): Promise<Map<TeamId | PersonId, number>> {
  const rows = await db
    .selectFrom('calls_by_day')
    .select(['holder', 'calls'])
    .where('holder', 'in', [...holders])
    .where('day', '=', day)
    .execute();
  const known = new Map(rows.map(({ holder, calls }) => [holder, Number(calls)]));
  return new Map(holders.map((holder) => [holder, known.get(holder) ?? 0]));
}

/** Adds these; call it in the transaction that writes the calls. In one order, so that two never wait for each other. */
export async function addCallsOnDay(
  db: Db,
  begun: ReadonlyMap<TeamId | PersonId, number>,
  day: string,
): Promise<void> {
  const rows = [...begun]
    .map(([holder, calls]) => ({ holder, day, calls }))
    .sort((a, b) => (a.holder < b.holder ? -1 : 1));
  if (rows.length === 0) return;
  const insert = db.insertInto('calls_by_day').values(rows);
  await (isMysql(db)
    ? insert.onDuplicateKeyUpdate({ calls: sql`calls + values(calls)` })
    : insert.onConflict((conflict) =>
        conflict.columns(['holder', 'day']).doUpdateSet({ calls: sql`calls_by_day.calls + excluded.calls` }),
      )
  ).execute();
}

/** Forgets what was counted before that day. */
export async function forgetCallsOfDays(db: Db, before: string): Promise<void> {
  await db.deleteFrom('calls_by_day').where('day', '<', before).execute();
}
