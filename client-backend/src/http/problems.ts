import { STATUS_CODES } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { Context, TypedResponse } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';

/**
 * An RFC 9457 problem document as the reply. `code` is the stable name of the
 * problem, `detail` the sentence to show; `choices` would settle it.
 */
export function problem<S extends ContentfulStatusCode>(
  c: Context,
  status: S,
  code: string,
  detail: string,
  choices?: string[],
): Response & TypedResponse<Problem, S, 'json'> {
  // By way of the context, so that headers set on it before go along.
  const reply = c.body(bodyOf(status, code, detail, choices), status, HEADERS);
  return reply as Response as Response & TypedResponse<Problem, S, 'json'>;
}

/** The answer where the API has no such operation. */
export const unknownOperation = (c: Context) =>
  problem(c, 404, 'not-found', `The API has nothing at ${c.req.path} for ${c.req.method}. See /api/docs.`);

/** The same outside of a Hono handler. */
export const problemResponse = (status: number, code: string, detail: string): Response =>
  new Response(bodyOf(status, code, detail), { status, headers: HEADERS });

const HEADERS = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };

function bodyOf(status: number, code: string, detail: string, choices?: string[]): string {
  const type = `urn:parallel-pilot:problem:${code}`;
  const title = STATUS_CODES[status] ?? 'Problem';
  const body: Problem = {
    type,
    title,
    status,
    detail,
    code,
    ...(choices === undefined ? {} : { choices }),
  };
  return JSON.stringify(body);
}

/** A router whose invalid requests are answered with one readable sentence; every routes file starts with one. */
export function newRoutes(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return;
      return problem(c, 400, 'invalid-request', sentenceOf(result.error, result.target));
    },
  });
}

/** For `responses` of createRoute: each of these statuses answers with a problem document. */
export function problems<const S extends number>(...statuses: S[]) {
  const entry = (status: number) => ({
    description: STATUS_CODES[status] ?? 'Problem',
    content: { 'application/problem+json': { schema: Problem } },
  });
  return Object.fromEntries(statuses.map((status) => [status, entry(status)])) as Record<
    S,
    ReturnType<typeof entry>
  >;
}

/** "settings.percentage: Too small: expected number to be >=1. name: …": at most three places are named. */
export function sentenceOf(error: ZodError, where = 'request'): string {
  const places = error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.length === 0 ? where : issue.path.join('.');
    return `${path}: ${issue.message.replace(/\.$/, '')}.`;
  });
  const more = error.issues.length > 3 ? ` And ${error.issues.length - 3} more.` : '';
  return `The request is not valid. ${places.join(' ')}${more}`;
}
