import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's "database is locked". */
const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process, null when another one has it. The
 * lock is SQLite's own on an empty file: the operating system gives it back at
 * whatever end of the process, so there is no stale lock to tell from a held one.
 */
export async function lockDataFolder(folder: string): Promise<{ release(): void } | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'farm.lock');
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  await chmod(path, 0o600);
  return { release: () => db.close() };
}
