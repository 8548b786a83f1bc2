import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { findFunction } from '@parallel-pilot/shared/server/db/functions.ts';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import { activeVersion, type CallDesk } from '../desk/call-desk.ts';
import { answerOf, unknownFunction } from './answers.ts';
import { eventOf } from './event.ts';

/** Calls of functions. */
export function invokeRoutes(parts: Parts, desk: CallDesk): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(invoke, async (c) => {
    const { person, team } = principalOf(c);
    const row = await findFunction(parts.db, team, c.req.valid('param').name);
    const version = row === undefined ? null : await activeVersion(parts, row);
    if (version === null) return unknownFunction(c);
    const event = eventOf(await c.req.text());
    if (!event.ok) return problem(c, event.status, event.code, event.message);
    const { call, result } = await desk.invoke({ version, event: event.text, person });
    return answerOf(c, call, result) as never;
  });
  return routes;
}

const invoke = createRoute({
  method: 'post',
  path: '/api/v1/functions/{name}/invoke',
  ...needs('jobs.submit'),
  tags: ['Functions'],
  summary: 'Call a function and wait for its answer. The body is the event, as JSON',
  request: { params: z.object({ name: FunctionName }) },
  responses: {
    200: {
      description: 'What the handler answered; the header Pilot-Call names the call',
      content: { 'application/json': { schema: z.unknown() } },
    },
    ...problems(400, 404, 413, 429, 500, 502, 503, 504),
  },
});
