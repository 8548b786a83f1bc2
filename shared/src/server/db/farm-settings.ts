import type { Selectable } from 'kysely';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { FarmSettingsTable } from './schema/workers.ts';
import { unlessThere } from './unless-there.ts';

type Settings = Omit<Selectable<FarmSettingsTable>, 'id'>;

const UNSET: Settings = {
  deadline_first: null,
  deadline_preempt: null,
  private_addresses: null,
  kinds_json: null,
};

/** What admins set for the whole farm. */
export const farmSettings = async (db: Db): Promise<Settings> =>
  (await stored(db).executeTakeFirst()) ?? UNSET;

const stored = (db: Db) =>
  db
    .selectFrom('farm_settings')
    .select(['deadline_first', 'deadline_preempt', 'private_addresses', 'kinds_json'])
    .where('id', '=', 1);

/** Changes it from what is set now; `change` says null where it is to stay. */
export const changeFarmSettings = (
  db: Db,
  change: (settings: Settings) => Settings | null,
): Promise<Settings | null> =>
  db.transaction().execute(async (transaction) => {
    // Who changes it at the same moment waits for the row.
    await unlessThere(transaction, transaction.insertInto('farm_settings').values({ id: 1 })).execute();
    const mysql = isMysql(transaction);
    const settings = await stored(transaction)
      .$if(mysql, (it) => it.forUpdate())
      .executeTakeFirstOrThrow();
    const changed = change(settings);
    if (changed !== null)
      await transaction.updateTable('farm_settings').set(changed).where('id', '=', 1).execute();
    return changed;
  });
