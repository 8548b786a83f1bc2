import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { problem } from '../http/problems.ts';

/** The last net: what a route throws becomes a problem document without its inner details; those go to the log. */
export const onError =
  (log: Log): ErrorHandler =>
  (error, c) => {
    if (error instanceof HTTPException) {
      return problem(c, clientStatus(error.status), 'invalid-request', sentenceFor(error));
    }
    if (isDiskFull(error) || sqliteCode(error) === SQLITE_FULL) {
      log.error({ event: 'disk.full', path: c.req.path });
      return problem(c, 507, 'disk-full', DISK_FULL.message);
    }
    if (isDatabaseAway(error)) {
      log.error({ event: 'database.unavailable', path: c.req.path, err: error });
      c.header('retry-after', '2');
      return problem(c, 503, 'database-unavailable', DATABASE_AWAY);
    }
    log.error({ event: 'http.error', method: c.req.method, path: c.req.path, err: error });
    return problem(
      c,
      500,
      'unexpected',
      'Something went wrong inside the farm. Its log tells more; trying again may help.',
    );
  };

const DATABASE_AWAY =
  'The database of the farm cannot be reached at the moment. Nothing is lost: try again when it is back.';

function sentenceFor({ status, message }: HTTPException): string {
  if (status === 415) return 'Send the body of this request as JSON, with content-type: application/json.';
  return /^malformed json/i.test(message) ? 'The body of the request is not valid JSON.' : message;
}

const clientStatus = (status: number): 400 | 413 | 415 => (status === 413 || status === 415 ? status : 400);

const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'POOL_CLOSED',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_LOCK_DEADLOCK',
]);
// SQLite's own numbers: busy, locked, I/O error, cannot open; full is told apart as a full disk.
const AWAY_SQLITE = new Set([5, 6, 10, 14]);
const SQLITE_FULL = 13;

/** True for errors that say the database is away or too busy for now, on SQLite and MySQL. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && AWAY.has(code)) return true;
  if (/closed state|Pool is closed|Connection lost/i.test(error.message)) return true;
  const sqlite = sqliteCode(error);
  return sqlite !== null && AWAY_SQLITE.has(sqlite);
}

// The extended code holds the plain one in its low byte.
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') return null;
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : null;
}
