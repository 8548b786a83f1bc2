import type { InsertQueryBuilder } from 'kysely';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { Database } from './schema/database.ts';

/** An insert that does nothing where a row with one of its keys is here already. */
export const unlessThere = <T extends keyof Database, O>(
  db: Db,
  insert: InsertQueryBuilder<Database, T, O>,
): InsertQueryBuilder<Database, T, O> =>
  isMysql(db) ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing());
