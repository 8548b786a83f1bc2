import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { SentenceError } from '../sentence-error.ts';

/** Where a farm is, and a key where it demands one. */
export type Connection = { url: string; key: string | null };

/** The farm refused, with a sentence for the user and a stable code. */
export class ApiError extends SentenceError {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly choices: string[];

  constructor(what: { status: number; code: string; message: string; choices?: string[]; cause?: unknown }) {
    super(what.message, { cause: what.cause });
    this.status = what.status;
    this.code = what.code;
    this.choices = what.choices ?? [];
  }
}

/** No answer came: the farm is down, restarting, or elsewhere. Trying again may help. */
export class UnreachableError extends SentenceError {
  override name = 'UnreachableError';
  /** The request cannot have reached the farm, so sending it again does nothing twice. */
  readonly unsent: boolean;

  constructor(url: string, cause: unknown) {
    const code = codeOf(cause);
    super(
      `No farm answers at ${url}${code === null ? '' : ` (${code})`}. Start one with "pilot up", or give its address with --server.`,
      { cause },
    );
    this.unsent = code === 'ECONNREFUSED';
  }
}

/** True where the same request may well succeed a little later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ApiError && [502, 503, 504].includes(error.status));

/** A farm that is started again is back within less. */
const WITHIN_MS = 10_000;

/**
 * A request to the farm. What may be sent twice is sent again for some seconds while the farm is just starting, or
 * the connection is cut; where nobody listens that is said at once. An answer has 30 s, unless `signal` is given: a
 * long download takes its time.
 */
export async function send(
  connection: Connection,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const deadline = performance.now() + WITHIN_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(connection, method, path, body, signal);
    } catch (error) {
      // The one before was heard, and only its answer was lost.
      if (attempt > 1 && method === 'DELETE' && error instanceof ApiError && error.status === 404)
        return new Response(null, { status: 204 });
      const waitMs = Math.min(2_000, 100 * 2 ** attempt);
      if (!mayRepeat(method, error, attempt) || performance.now() + waitMs > deadline) throw error;
      await pause(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** `POST` does a thing each time it is heard: it is only sent again where the farm says that it did not listen yet. */
function mayRepeat(method: string, error: unknown, attempt: number): boolean {
  if (!isPassing(error)) return false;
  if (error instanceof ApiError && error.code === 'starting') return true;
  if (attempt === 1 && error instanceof UnreachableError && error.unsent) return false;
  return method !== 'POST';
}

async function sendOnce(
  { url, key }: Connection,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const headers = new Headers(authorization(key));
  if (body !== undefined) headers.set('content-type', 'application/json');
  const reply = await fetch(new URL(path, url), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal ?? AbortSignal.timeout(30_000),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new UnreachableError(url, error);
  });
  if (reply.ok) return reply;
  throw await refusalOf(reply);
}

export const authorization = (key: string | null): Record<string, string> =>
  key === null ? {} : { authorization: `Bearer ${key}` };

async function refusalOf(reply: Response): Promise<ApiError> {
  const problem = Problem.safeParse(await reply.json().catch(() => undefined));
  if (!problem.success) {
    const message = `The farm answered ${reply.status} ${reply.statusText} without a reason.`;
    return new ApiError({ status: reply.status, code: 'no-reason', message });
  }
  const { status, code, detail, choices } = problem.data;
  const hint =
    status === 401
      ? ' Sign in with "pilot login", or give a key in a file with --key-file, or in the variable PILOT_KEY.'
      : '';
  return new ApiError({ status, code, message: `${detail}${hint}`, ...(choices ? { choices } : {}) });
}

function codeOf(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at.name === 'TimeoutError') return 'no answer in time';
  }
  return null;
}
