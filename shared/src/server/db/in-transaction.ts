import type { Db } from './connect.ts';
import { retryWhileLocked } from './retry-while-locked.ts';

/**
 * Runs `work` in one transaction and gives what it came to. Where somebody else held the rows nothing was stored, and
 * the whole of it is run again: so `work` changes rows and nothing else.
 */
export const inTransaction = <T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> =>
  retryWhileLocked(() => db.transaction().execute(work));
