import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { IdempotencyKey, PostedCall } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { FunctionId, type PersonId } from '@parallel-pilot/shared/model/ids.ts';
import { type FunctionRow, findFunction, functionById } from '@parallel-pilot/shared/server/db/functions.ts';
import { sameSecret, sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import { type CallDesk, servingVersion } from '../desk/call-desk.ts';
import type { Invocation } from '../desk/invocation.ts';
import { answerOf, unknownFunction } from './answers.ts';
import { readEvent } from './event.ts';

/** Calls of functions. */
export function invokeRoutes(parts: Parts, desk: CallDesk): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(invoke, async (c) => {
    const { person, team } = principalOf(c);
    const row = await findFunction(parts.db, team, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c) as never;
    const how = { person, key: c.req.valid('header')['idempotency-key'] };
    return (await call(c, parts, desk, row, { ...how, async: c.req.valid('query').async === '1' })) as never;
  });
  routes.openapi(invokePublic, async (c) => {
    const row = await functionById(parts.db, c.req.valid('param').id);
    const [, token = ''] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    // One answer for a function that is not there, is not public, and another token.
    if (!sameSecret(row?.public_token_hash ?? 'none', sha256(token)) || row === undefined) {
      c.header('www-authenticate', 'Bearer realm="Parallel Pilot"');
      const message =
        'There is no such function that this token opens. Send it as "Authorization: Bearer fnt_…".';
      return problem(c, 401, 'token-unknown', message) as never;
    }
    const key = c.req.valid('header')['idempotency-key'];
    return (await call(c, parts, desk, row, { person: null, key, async: false })) as never;
  });
  return routes;
}

type How = { person: PersonId | null; key: string | undefined; async: boolean };

async function call(c: Context, parts: Parts, desk: CallDesk, row: FunctionRow, how: How): Promise<Response> {
  const version = await servingVersion(parts, row);
  if (version === null) return unknownFunction(c);
  const owner = { team: row.team_id, person: row.person_id };
  // Before anything of the event goes to the disk.
  const taken = await desk.quota.take(owner);
  if (!taken.ok) {
    c.header('retry-after', String(taken.retryAfterSeconds));
    return problem(c, 429, taken.code, taken.message);
  }
  const read = await readEvent(c, desk.files, owner).catch((error) => {
    desk.quota.drop(owner);
    throw error;
  });
  if (!read.ok) {
    desk.quota.drop(owner);
    return problem(c, read.status, read.code, read.message);
  }
  const { event } = read;
  const invocation = { version, owner, event, person: how.person };
  const file = typeof event === 'string' ? null : event;
  if (how.async) return post(c, desk, { row, invocation, key: how.key ?? null });
  try {
    return await invokeNow(c, parts, desk, invocation, how.key);
  } finally {
    if (file !== null) void desk.files.release(file);
  }
}

type Posted = { row: FunctionRow; invocation: Invocation; key: string | null };

async function post(c: Context, desk: CallDesk, { row, invocation, key }: Posted): Promise<Response> {
  const { event } = invocation;
  const posted = await desk.kept.post(invocation, key);
  // Another has it, or nobody.
  if (typeof event !== 'string' && (!posted.ok || posted.call !== event.holder))
    await desk.files.release(event);
  if (!posted.ok) {
    c.header('retry-after', '10');
    return problem(c, 429, 'function/queue-full', posted.message);
  }
  const path = `/api/v1/functions/${row.name}/calls/${posted.call}`;
  return c.json({ call: posted.call, path } satisfies PostedCall, 202, { location: path });
}

async function invokeNow(
  c: Context,
  { blobs }: Parts,
  desk: CallDesk,
  invocation: Invocation,
  key: string | undefined,
): Promise<Response> {
  const from = { blobs, files: desk.files };
  if (key === undefined) return answerOf(c, from, await desk.invoke(invocation));
  const once = await desk.kept.invokeOnce(invocation, key);
  if (once.result !== null) return answerOf(c, from, { ...once, kept: true });
  c.header('retry-after', '1');
  c.header('pilot-call', once.call);
  const message = `A call with the same idempotency key is under way (${once.call}). Ask again in a moment.`;
  return problem(c, 409, 'function/under-way', message);
}

const headers = z.object({ 'idempotency-key': IdempotencyKey.optional() });
const responses = {
  200: {
    description: 'What the handler answered; the header Pilot-Call names the call',
    content: { 'application/json': { schema: z.unknown() } },
  },
  ...problems(400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504, 507),
};

const invoke = createRoute({
  method: 'post',
  path: '/api/v1/functions/{name}/invoke',
  ...needs('jobs.submit'),
  tags: ['Functions'],
  summary:
    'Call a function and wait for its answer, or have it called (async=1). The body is the event, as JSON',
  request: {
    params: z.object({ name: FunctionName }),
    query: z.object({ async: z.enum(['0', '1']).optional() }),
    headers,
  },
  responses: {
    ...responses,
    202: {
      description: 'It will be called, at least once',
      content: { 'application/json': { schema: PostedCall } },
    },
  },
});
const invokePublic = createRoute({
  method: 'post',
  path: '/api/v1/public/functions/{id}/invoke',
  ...needs('open'),
  tags: ['Functions'],
  summary:
    'Call a function with its own token, as a Bearer of the header Authorization, and wait for its answer',
  request: { params: z.object({ id: FunctionId }), headers },
  responses,
});
