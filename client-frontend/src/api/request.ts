import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { z } from 'zod';

/** The farm refused, and `message` is the sentence that says why. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer came from the farm at all, or one from something in between. */
export class UnreachableError extends Error {
  override name = 'UnreachableError';
}

/** What this page itself cannot do; `message` is the sentence that says why. */
export class PageError extends Error {
  override name = 'PageError';
}

type Call = { method?: string; body?: unknown; signal?: AbortSignal | undefined };

let bearer: (() => Promise<string | null>) | null = null;

/** Where each request takes its token from, where whoever signed in is vouched for by a script in this page. */
export function takeTokensFrom(source: typeof bearer): void {
  bearer = source;
}

/** The token of this moment; null where sessions are kept in cookies alone, or nobody is signed in. */
export const presentToken = async (): Promise<string | null> => (await bearer?.()) ?? null;

/** Calls the farm's API and parses the reply. Throws ProblemError, UnreachableError, or a ZodError for a reply of another form. */
export async function request<S extends z.ZodType>(
  schema: S,
  path: string,
  call: Call = {},
): Promise<z.infer<S>> {
  const response = await send(path, call);
  return schema.parse(await response.json());
}

/** Calls the farm's API where the reply holds nothing of interest. */
export async function command(path: string, call: Call): Promise<void> {
  await send(path, call);
}

/** True where the same request may well succeed a little later: no answer, or one that says so. */
export const isPassing = (error: unknown): boolean =>
  error instanceof UnreachableError ||
  (error instanceof ProblemError && [502, 503, 504].includes(error.problem.status));

/** Waited between tries of what may be sent twice, milliseconds. The cache of answers tries reads again by itself. */
const TRIES_MS = [500, 1_000, 2_000, 4_000];
const REPEATABLE = ['PUT', 'PATCH', 'DELETE'];

async function send(path: string, call: Call): Promise<Response> {
  const waits = REPEATABLE.includes(call.method ?? 'GET') ? TRIES_MS : [];
  for (const [index, waitMs] of waits.entries()) {
    try {
      return await sendOnce(path, call);
    } catch (error) {
      if (index > 0 && isHeardBefore(call, error)) return new Response(null, { status: 204 });
      if (!isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return sendOnce(path, call);
}

/** Only the answer to the first try was lost: there is nothing left to delete. */
const isHeardBefore = ({ method }: Call, error: unknown): boolean =>
  method === 'DELETE' && isStatus(error, 404);

async function sendOnce(path: string, { method = 'GET', body, signal }: Call): Promise<Response> {
  const init: RequestInit = { method, headers: { accept: 'application/json' }, signal: signal ?? null };
  const token = await presentToken();
  if (token !== null) init.headers = { ...init.headers, authorization: `Bearer ${token}` };
  if (body !== undefined) {
    init.headers = { ...init.headers, 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await reach(path, init);
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new UnreachableError(
      'The farm does not answer. Check that it is running and that this device can reach it.',
    );
  }
}

async function refusalOf(response: Response): Promise<Error> {
  const parsed = Problem.safeParse(await response.json().catch(() => null));
  if (parsed.success) return new ProblemError(parsed.data);
  if (response.status >= 502 && response.status <= 504) {
    return new UnreachableError('The farm does not answer. It may be starting.');
  }
  const detail = `The farm answered with ${response.status} ${response.statusText}.`.replace(' .', '.');
  return new ProblemError({
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    detail,
    code: 'unexpected',
  });
}

/** The sentence to show for whatever went wrong. */
export function sentenceOf(error: unknown): string {
  const told = [ProblemError, UnreachableError, PageError].some((known) => error instanceof known);
  if (told && error instanceof Error) return error.message;
  return 'The farm sent something this page does not understand. Reload the page; the site and the farm may be of different versions.';
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ProblemError && error.problem.status === status;
