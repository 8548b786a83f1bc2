import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { exposedSentence, keepPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import { newId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';
import type { Log } from '../log.ts';
import { CREDENTIALS_FILE, CredentialFile } from './credentials.ts';

const Identity = z.object({ worker: WorkerId, identity: z.string().min(16).max(128) });
/** Who this worker is to the farm. `identity` is the secret that keeps the id its own. */
export type Identity = z.infer<typeof Identity>;

export type DataFolder = {
  identity: Identity;
  credentials: CredentialFile;
  cache: string;
  outbox: string;
  /** What kinds of work keep on this worker, each in a folder of its own. */
  kept: string;
  /** Emptied at every start. */
  scratch: string;
  /** Empties scratch and lets another worker have the folder. */
  close(): Promise<void>;
};

const KEPT = ['cache', 'outbox', 'kept', 'scratch', 'lock', 'identity.json', CREDENTIALS_FILE];

/**
 * Takes the folder for this process alone and makes what it lacks. Throws an
 * Error with a sentence when another worker has it, or it cannot be written.
 */
export async function openDataFolder(folder: string, log: Log): Promise<DataFolder> {
  const exposed = await keepPrivate(folder, KEPT).catch((error: Error) => {
    throw new Error(`The worker's data folder ${folder} cannot be made: ${error.message}`, { cause: error });
  });
  for (const it of exposed) log.warn({ event: 'data-folder.exposed', ...it }, exposedSentence(it));
  const unlock = lock(folder);
  try {
    const inside = (name: string) => join(folder, name);
    const scratch = inside('scratch');
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    for (const name of ['cache', 'outbox', 'kept', 'scratch'])
      await mkdir(inside(name), { recursive: true, mode: 0o700 });
    return {
      identity: await readIdentity(inside('identity.json')),
      credentials: new CredentialFile(folder),
      cache: inside('cache'),
      outbox: inside('outbox'),
      kept: inside('kept'),
      scratch,
      async close() {
        await rm(scratch, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Holds SQLite's exclusive lock on a file of the folder. Unlike a file with a
 * process id in it, the system lets go of it however the process ends.
 */
function lock(folder: string): () => void {
  try {
    const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw error;
    }
    return () => database.close();
  } catch (error) {
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5;
    throw new Error(
      busy
        ? `Another worker is running with the data folder ${folder}. Give this one its own with --worker-data DIR (or PILOT_WORKER_DATA).`
        : `The worker's data folder ${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function readIdentity(path: string): Promise<Identity> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return makeIdentity(path);
  try {
    return Identity.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `The worker's identity file ${path} is damaged. Delete it and start the worker again: it will join under a new identity.`,
      { cause: error },
    );
  }
}

async function makeIdentity(path: string): Promise<Identity> {
  const made: Identity = { worker: newId('wrk', randomBytes), identity: randomBytes(32).toString('hex') };
  await writeFile(`${path}.new`, `${JSON.stringify(made)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  return made;
}
