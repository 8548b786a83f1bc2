import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from './connect.ts';

const PATIENCE_MS = 10_000;
const AGAIN_MS = 20;

/**
 * Runs `work` in one transaction and gives what it came to. Where somebody else held the rows (a deadlock, a wait that
 * was too long) nothing was stored, and the whole of it is run again, for ten seconds at most: so `work` changes rows
 * and nothing else. Any other error leaves the outcome unknown and is thrown.
 */
export async function inTransaction<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (!wasRolledBack(error) || performance.now() > deadline) throw error;
      await pause(AGAIN_MS);
    }
  }
}

const SQLITE_BUSY = 5;

/** True for errors after which nothing of the transaction can have been stored. */
function wasRolledBack(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (code === 'ER_LOCK_DEADLOCK' || code === 'ER_LOCK_WAIT_TIMEOUT') return true;
  return typeof errcode === 'number' && (errcode & 0xff) === SQLITE_BUSY;
}
