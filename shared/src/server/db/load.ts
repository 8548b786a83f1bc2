import { type Selectable, sql } from 'kysely';
import { QUARTER_MS } from '../../model/quarter.ts';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { ForecastNetworksTable, LoadByQuarterTable } from './schema/workers.ts';

/** Twelve weeks: what a weekly rhythm is learnt from. */
export const LOAD_KEPT_MS = 84 * 24 * 60 * 60_000;
/** Quarters of which work may be open, in one statement. */
const ROWS = 200;

/** A quarter hour as it stands now; of its work see `addArrived` and `setOpen`. */
export type LoadSample = Pick<
  Selectable<LoadByQuarterTable>,
  'at' | 'waiting_ms' | 'capacity_ms' | 'speed' | 'workers' | 'noted_at'
>;

/** Writes what these quarters came to so far: absolute, so that writing it twice changes nothing. */
export async function noteLoad(db: Db, samples: readonly LoadSample[]): Promise<void> {
  if (samples.length === 0) return;
  const columns = ['waiting_ms', 'capacity_ms', 'speed', 'workers', 'noted_at'] as const;
  await upsert(db, samples, columns, (_mine, given) => given);
}

/** Adds work that was done to the quarters in which it had arrived; call it in the transaction in which its leases end. */
export async function addArrived(db: Db, work: ReadonlyMap<number, number>): Promise<void> {
  const rows = [...work].map(([at, ms]) => ({ at, arrived_ms: Math.round(ms) })).sort((a, b) => a.at - b.at);
  if (rows.length > 0)
    await upsert(db, rows, ['arrived_ms'], (mine, given) => sql<number>`${mine} + ${given}`);
}

/** Says what is not done yet of the work that arrived in these quarters, and that of all others everything is. */
export async function setOpen(db: Db, work: ReadonlyMap<number, number>): Promise<void> {
  const rows = [...work]
    .map(([at, ms]) => ({ at, open_ms: Math.round(ms) }))
    .sort((a, b) => b.at - a.at)
    .slice(0, ROWS);
  await db
    .updateTable('load_by_quarter')
    .set({ open_ms: 0 })
    .where('open_ms', '>', 0)
    .$if(rows.length > 0, (it) =>
      it.where(
        'at',
        'not in',
        rows.map(({ at }) => at),
      ),
    )
    .execute();
  if (rows.length > 0) await upsert(db, rows, ['open_ms'], (_mine, given) => given);
}

export async function forgetOldLoad(db: Db, now: number): Promise<void> {
  await db
    .deleteFrom('load_by_quarter')
    .where('at', '<', now - LOAD_KEPT_MS)
    .execute();
}

type Row = Selectable<LoadByQuarterTable>;

/** All that is kept, oldest first. */
export const loadHistory = (db: Db): Promise<Row[]> =>
  db.selectFrom('load_by_quarter').selectAll().orderBy('at').execute();

export const loadOf = (db: Db, quarter: number): Promise<Row | undefined> =>
  db.selectFrom('load_by_quarter').selectAll().where('at', '=', quarter).executeTakeFirst();

/** The newest quarter that was noted, if that is not longer ago than one quarter. */
export const presentLoad = (db: Db, now: number): Promise<Row | undefined> =>
  db
    .selectFrom('load_by_quarter')
    .selectAll()
    .where('noted_at', '>', now - QUARTER_MS)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();

/** The network that was taken in last. */
export const forecastNetwork = (db: Db): Promise<Selectable<ForecastNetworksTable> | undefined> =>
  db.selectFrom('forecast_networks').selectAll().executeTakeFirst();

export async function putForecastNetwork(
  db: Db,
  row: Omit<Selectable<ForecastNetworksTable>, 'id'>,
): Promise<void> {
  const insert = db.insertInto('forecast_networks').values({ id: 1, ...row });
  await (isMysql(db)
    ? insert.onDuplicateKeyUpdate(row)
    : insert.onConflict((conflict) => conflict.column('id').doUpdateSet(row))
  ).execute();
}

type Column = Exclude<keyof Row, 'at'>;

/** One statement for all rows; `value` says what a row that is there becomes. */
async function upsert<C extends Column>(
  db: Db,
  rows: readonly ({ at: number } & Pick<Row, C>)[],
  columns: readonly C[],
  value: (mine: ReturnType<typeof sql.ref>, given: ReturnType<typeof sql>) => unknown,
): Promise<void> {
  const mysql = isMysql(db);
  const set = Object.fromEntries(
    columns.map((column) => {
      const mine = sql.ref(`load_by_quarter.${column}`);
      const given = mysql ? sql`values(${sql.ref(column)})` : sql`${sql.ref(`excluded.${column}`)}`;
      return [column, value(mine, given)];
    }),
  );
  const insert = db.insertInto('load_by_quarter').values(rows as never);
  await (mysql
    ? insert.onDuplicateKeyUpdate(set as never)
    : insert.onConflict((conflict) => conflict.column('at').doUpdateSet(set as never))
  ).execute();
}
