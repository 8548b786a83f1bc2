import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { FunctionList, FunctionSummary } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { DeployFunction } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { findFunction, findVersion, functionsOf } from '@parallel-pilot/shared/server/db/functions.ts';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import type { JobDesk } from '../../kind.ts';
import { CallDesk } from '../desk/call-desk.ts';
import { unknownFunction } from './answers.ts';
import { callRoutes } from './calls.ts';
import { deploy } from './deploy.ts';
import { invokeRoutes } from './invoke.ts';
import { mayChange, versionRoutes } from './versions.ts';
import { summariesOf } from './views.ts';

/** What functions answer beside what any job does. */
export function functionRoutes(parts: Parts, jobs: JobDesk): OpenAPIHono {
  const desk = new CallDesk(parts, jobs);
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const rows = await functionsOf(parts.db, principalOf(c).team);
    return c.json({ functions: await summariesOf(parts, desk, rows) }, 200);
  });
  routes.openapi(create, async (c) => {
    const by = principalOf(c);
    const sent = c.req.valid('json');
    const before = await findFunction(parts.db, by.team, sent.name);
    if (before !== undefined && !mayChange(by, before))
      return problem(c, 403, 'not-allowed', refusalOf(by, 'jobs.steer'));
    const made = await deploy(parts, by, sent);
    if (!made.ok) return problem(c, 422, made.code, made.message);
    const { id, active_version } = made.function;
    const version = await findVersion(parts.db, id, active_version);
    if (version !== undefined) await desk.install(version, by.team);
    const [summary] = await summariesOf(parts, desk, [made.function]);
    return summary === undefined ? unknownFunction(c) : c.json(summary, 201);
  });
  routes.openapi(one, async (c) => {
    const row = await findFunction(parts.db, principalOf(c).team, c.req.valid('param').name);
    const [summary] = row === undefined ? [] : await summariesOf(parts, desk, [row]);
    return summary === undefined ? unknownFunction(c) : c.json(summary, 200);
  });
  routes.route('/', invokeRoutes(parts, desk));
  routes.route('/', versionRoutes(parts, desk));
  routes.route('/', callRoutes(parts));
  return routes;
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const tags = ['Functions'];
const param = z.object({ name: FunctionName });
const summary = { description: 'The function', content: json(FunctionSummary) };

const list = createRoute({
  method: 'get',
  path: '/api/v1/functions',
  ...needs('jobs.see'),
  tags,
  summary: 'The functions of the team',
  responses: { 200: { description: 'By name', content: json(FunctionList) }, ...problems(400) },
});
const create = createRoute({
  method: 'post',
  path: '/api/v1/functions',
  ...needs('jobs.submit'),
  tags,
  summary: 'Deploy the next version of a function, active from then on',
  request: { body: { required: true, content: json(DeployFunction) } },
  responses: { 201: summary, ...problems(400, 403, 404, 422) },
});
const one = createRoute({
  method: 'get',
  path: '/api/v1/functions/{name}',
  ...needs('jobs.see'),
  tags,
  summary: 'A function',
  request: { params: param },
  responses: { 200: summary, ...problems(400, 404) },
});
