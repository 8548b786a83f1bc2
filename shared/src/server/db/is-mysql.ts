import { type Kysely, MysqlAdapter } from 'kysely';

/** Of MySQL and MariaDB, whose statements differ from SQLite's in places, and whose transactions need locks. */
export const isMysql = <T>(db: Pick<Kysely<T>, 'getExecutor'>): boolean =>
  db.getExecutor().adapter instanceof MysqlAdapter;
