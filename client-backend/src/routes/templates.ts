import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import {
  RunTemplate,
  SaveTemplate,
  TemplateList,
  TemplateView,
} from '@parallel-pilot/shared/api/templates.ts';
import { TemplateId } from '@parallel-pilot/shared/model/ids.ts';
import { findTemplate, listTemplates } from '@parallel-pilot/shared/server/db/templates.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import { pipelineDetail } from '../pipelines/pipeline-views.ts';
import {
  removeTemplate,
  runTemplate,
  saveTemplate,
  TEMPLATE_UNKNOWN,
  templateView,
} from '../pipelines/templates.ts';

/** Templates: save, list, run, delete. */
export function templateRoutes(parts: PartsWithEngine): OpenAPIHono {
  const routes = newRoutes();
  const found = async (c: Context, id: TemplateId) => {
    const row = await findTemplate(parts.db, id, principalOf(c).team);
    return row === undefined ? unknown(c) : c.json(templateView(row), 200);
  };
  routes.openapi(save, async (c) => {
    const saved = await saveTemplate(parts, principalOf(c), c.req.valid('json'));
    return saved.ok ? found(c, saved.id) : problem(c, saved.status, saved.code, saved.message);
  });
  routes.openapi(list, async (c) => {
    const rows = await listTemplates(parts.db, principalOf(c).team);
    return c.json({ templates: rows.map(templateView) }, 200);
  });
  routes.openapi(get, (c) => found(c, c.req.valid('param').id));
  routes.openapi(run, async (c) => {
    const by = principalOf(c);
    const made = await runTemplate(parts, by, c.req.valid('param').id, c.req.valid('json'));
    if (!made.ok) return problem(c, 'status' in made ? made.status : 422, made.code, made.message);
    const detail = await pipelineDetail(parts, made.pipeline, by.team);
    if (detail === null) return unknown(c);
    c.header('location', `/api/v1/pipelines/${detail.id}`);
    return c.json(detail, made.again ? 200 : 201);
  });
  routes.openapi(remove, async (c) => {
    const outcome = await removeTemplate(parts, principalOf(c), c.req.valid('param').id);
    return outcome.ok ? c.body(null, 204) : problem(c, outcome.status, outcome.code, outcome.message);
  });
  return routes;
}

const unknown = (c: Context) => problem(c, 404, TEMPLATE_UNKNOWN.code, TEMPLATE_UNKNOWN.message);

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: TemplateId });
const tags = ['Pipelines'];
const viewed = { description: 'The template', content: json(TemplateView) };
const made = { description: 'The pipeline', content: json(PipelineDetail) };

const save = createRoute({
  method: 'put',
  path: '/api/v1/templates',
  ...needs('jobs.submit'),
  tags,
  summary: 'Keep a pipeline as a template, in the place of an earlier one of that name',
  request: { body: { required: true, content: json(SaveTemplate) } },
  responses: { 200: viewed, ...problems(400, 403, 404, 409, 422, 503) },
});
const list = createRoute({
  method: 'get',
  path: '/api/v1/templates',
  ...needs('jobs.see'),
  tags,
  summary: 'Templates of the team, by their names',
  responses: { 200: { description: 'All', content: json(TemplateList) } },
});
const get = createRoute({
  method: 'get',
  path: '/api/v1/templates/{id}',
  ...needs('jobs.see'),
  tags,
  summary: 'One template with its parameters',
  request: { params: param },
  responses: { 200: viewed, ...problems(404) },
});
const run = createRoute({
  method: 'post',
  path: '/api/v1/templates/{id}/run',
  ...needs('jobs.submit'),
  tags,
  summary: 'Submit the pipeline that the template is, with other values',
  request: { params: param, body: { required: true, content: json(RunTemplate) } },
  responses: { 200: made, 201: made, ...problems(400, 403, 404, 409, 422, 503) },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/v1/templates/{id}',
  ...needs('jobs.delete'),
  tags,
  summary: 'Delete a template; pipelines that were made of it stay',
  request: { params: param },
  responses: { 204: { description: 'Deleted' }, ...problems(403, 404, 409, 422, 503) },
});
