import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import { GroupId } from '@parallel-pilot/shared/api/jobs.ts';
import { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { findSweep } from '@parallel-pilot/shared/server/db/sweeps.ts';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import { cancelSweep } from './steer-sweeps.ts';
import { sweepView } from './sweep-view.ts';

/** Sweeps: look at one, cancel what is left of it. They are made as jobs are. */
export function sweepRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const { db } = parts;
  routes.openapi(get, async (c) => {
    const view = await sweepView(db, { team: principalOf(c).team, id: c.req.valid('param').id });
    return view === null ? problem(c, 404, UNKNOWN.code, UNKNOWN.message) : c.json(view, 200);
  });
  routes.openapi(cancel, async (c) => {
    const by = principalOf(c);
    const key = { team: by.team, id: c.req.valid('param').id };
    const sweep = await findSweep(db, key);
    if (sweep === undefined) return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    if (!may(by, 'jobs.steer', sweep.person_id === by.person))
      return problem(c, 403, 'not-allowed', refusalOf(by, 'jobs.steer'));
    await cancelSweep(parts, key);
    const view = await sweepView(db, key);
    return view === null ? problem(c, 404, UNKNOWN.code, UNKNOWN.message) : c.json(view, 200);
  });
  return routes;
}

const UNKNOWN = { code: 'sweep-unknown', message: 'There is no such sweep.' };

const answer = {
  200: {
    description: 'The sweep with its trainings',
    content: { 'application/json': { schema: SweepView } },
  },
};
const request = { params: z.object({ id: GroupId }) };
const tags = ['Training'];

const get = createRoute({
  method: 'get',
  path: '/api/v1/sweeps/{id}',
  ...needs('jobs.see'),
  tags,
  summary: 'A sweep: its trainings side by side, what each came to, and which is the best',
  request,
  responses: { ...answer, ...problems(400, 404) },
});
const cancel = createRoute({
  method: 'post',
  path: '/api/v1/sweeps/{id}/cancel',
  ...needs('jobs.steer'),
  tags,
  summary: 'Cancels all trainings of a sweep that are not over',
  request,
  responses: { ...answer, ...problems(400, 403, 404) },
});
