import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 10_000;
const AGAIN_MS = 20;

/**
 * Runs `work`, and again for as long as it fails because somebody else held what it needs (a deadlock, a wait that was
 * too long), for ten seconds at most. Any other error leaves the outcome unknown and is thrown.
 */
export async function retryWhileLocked<T>(work: () => Promise<T> | T): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!wasRolledBack(error) || performance.now() > deadline) throw error;
      await pause(AGAIN_MS);
    }
  }
}

const SQLITE_BUSY = 5;
/** The last one: somebody changed a row since this transaction first read (MariaDB's innodb_snapshot_isolation). */
const HELD = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

/** True for errors after which nothing of what was tried can have been stored. */
function wasRolledBack(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (HELD.has(String(code))) return true;
  return typeof errcode === 'number' && (errcode & 0xff) === SQLITE_BUSY;
}
