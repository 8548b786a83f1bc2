import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Load, TakeNetwork } from '@parallel-pilot/shared/api/load.ts';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { historyTable } from '../forecast/load-history.ts';
import { loadView } from '../forecast/load-view.ts';
import { takeNetwork } from '../forecast/take-network.ts';
import { disposition } from '../http/disposition.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { NOT_FOUND } from '../jobs/actions.ts';
import type { Parts } from '../parts.ts';

/** What the farm has to do and can do, and what is expected of the next day. */
export function loadRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(load, async (c) =>
    c.json(await loadView(parts.forecast, parts.clock(), c.req.valid('query').by), 200),
  );
  routes.openapi(history, async (c) =>
    c.body(await historyTable(parts), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': disposition('attachment', 'load.csv'),
    }),
  );
  routes.openapi(network, async (c) => {
    const asked = c.req.valid('json');
    const taken = await takeNetwork(parts, asked, { team: principalOf(c).team, noJob: NOT_FOUND });
    if (!taken.ok) return problem(c, taken.status, taken.code, taken.message);
    auditAs(c, 'load.network', asked.job);
    return c.json(await loadView(parts.forecast, parts.clock()), 200);
  });
  return routes;
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const tags = ['Farm'];

const load = createRoute({
  method: 'get',
  path: '/api/v1/load',
  ...needs('load.see'),
  tags,
  summary:
    'What there was to do and could be done, what is expected of the next day, and what would end the queue',
  request: {
    /** When the queue is to be at its end; in eight hours without. */
    query: z.object({ by: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional() }),
  },
  responses: { 200: { description: 'In quarter hours', content: json(Load) }, ...problems(400, 403) },
});

const history = createRoute({
  method: 'get',
  path: '/api/v1/load/history.csv',
  ...needs('load.see'),
  tags,
  summary: 'What a network for the forecast can be made from: twelve weeks but for the last two',
  responses: { 200: { description: 'RFC 4180 with a line of names' }, ...problems(403) },
});

const network = createRoute({
  method: 'put',
  path: '/api/v1/load/network',
  ...needs('load.manage'),
  tags,
  summary: 'Have the load forecast by a network that a job came to, wherever it is better than Holt-Winters',
  request: { body: { required: true, content: json(TakeNetwork) } },
  responses: {
    200: { description: 'The load, forecast anew', content: json(Load) },
    ...problems(400, 403, 404, 409),
  },
});
