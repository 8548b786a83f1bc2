import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { SentenceError } from '../sentence-error.ts';

/** Where a farm is, and the owner's key where it demands one. */
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

/** One request to the farm. It has 30 s, unless `signal` is given: a long download takes its time. */
export async function send(
  { url, key }: Connection,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
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
  const hint = status === 401 ? ' Give the key in a file with --key-file, or in the variable PILOT_KEY.' : '';
  return new ApiError({ status, code, message: `${detail}${hint}`, ...(choices ? { choices } : {}) });
}

function codeOf(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at.name === 'TimeoutError') return 'no answer in time';
  }
  return null;
}
