import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { connectDatabase, type Db } from './connect.ts';
import { migrate, NewerSchema } from './migrate.ts';

const TRY_AGAIN_MS = 1_000;
/** A process that waits says so again after so many tries. */
const TRIES_UNSAID = 30;

/**
 * The farm's database with the newest schema. A `patient` process waits for a server that is not there, or goes away
 * in between, and says in its log what it waits for; any other failure throws an Error with a sentence, as all do
 * where somebody is waiting for this process.
 */
export async function openDatabase(
  url: string,
  { log, patient }: { log: Log; patient: boolean },
): Promise<Db> {
  const db = connectDatabase(url);
  for (let tries = 0; ; tries += 1) {
    try {
      await migrate(db);
      if (tries > 0) log.info({ event: 'database.answers' }, `The database ${withoutPassword(url)} answers.`);
      return db;
    } catch (error) {
      if (!patient || !isAway(error)) {
        await db.destroy().catch(() => {});
        throw new Error(sentence(url, error), { cause: error });
      }
      if (tries % TRIES_UNSAID === 0)
        log.warn({ event: 'database.awaited' }, `${sentence(url, error)} This process waits for it.`);
      await pause(TRY_AGAIN_MS);
    }
  }
}

function sentence(url: string, error: unknown): string {
  if (error instanceof NewerSchema) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return `The database ${withoutPassword(url)} cannot be used (${message || code}). Is it running, and is DATABASE_URL right?`;
}

const withoutPassword = (url: string): string => url.replace(/\/\/.*@/, '//');

const isAway = (error: unknown): boolean => AWAY.has(String((error as { code?: unknown }).code));

/** What a server answers, or the network, of which nothing says that it stays so. */
const AWAY = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'ER_CON_COUNT_ERROR',
  'ER_CONNECTION_KILLED',
  'ER_NORMAL_SHUTDOWN',
  'ER_SERVER_SHUTDOWN',
  'PROTOCOL_CONNECTION_LOST',
]);
