import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import {
  CreatePipeline,
  PipelineDetail,
  PipelineList,
  PipelineListQuery,
} from '@parallel-pilot/shared/api/pipelines.ts';
import { SaveAsTemplate, TemplateView } from '@parallel-pilot/shared/api/templates.ts';
import { PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import { saveAsTemplate } from '../pipelines/pipeline-template.ts';
import { pipelineDetail, pipelineListPage } from '../pipelines/pipeline-views.ts';
import {
  cancelPipeline,
  deletePipeline,
  PIPELINE_UNKNOWN,
  retryPipeline,
} from '../pipelines/steer-pipeline.ts';
import { submitPipeline } from '../pipelines/submit-pipeline.ts';

/** Pipelines: submit, list, look at, steer, delete. */
export function pipelineRoutes(parts: PartsWithEngine): OpenAPIHono {
  const routes = newRoutes();
  const found = async (c: Context, id: PipelineId) => {
    const detail = await pipelineDetail(parts, id, principalOf(c).team);
    return detail === null ? unknown(c) : c.json(detail, 200);
  };
  routes.openapi(create, async (c) => {
    const submitted = await submitPipeline(parts, principalOf(c), c.req.valid('json'));
    if (!submitted.ok) return problem(c, 422, submitted.code, submitted.message, submitted.choices);
    const detail = await pipelineDetail(parts, submitted.pipeline, principalOf(c).team);
    if (detail === null) return unknown(c);
    auditAs(c, 'pipeline.submit', detail.id, { name: detail.name, jobs: detail.total });
    c.header('location', `/api/v1/pipelines/${detail.id}`);
    return c.json(detail, submitted.again ? 200 : 201);
  });
  routes.openapi(list, async (c) =>
    c.json(await pipelineListPage(parts, principalOf(c).team, c.req.valid('query')), 200),
  );
  routes.openapi(get, (c) => found(c, c.req.valid('param').id));
  const actions = { cancel: cancelPipeline, retry: retryPipeline } as const;
  for (const name of ['cancel', 'retry'] as const) {
    routes.openapi(action(name), async (c) => {
      const { id } = c.req.valid('param');
      const outcome = await actions[name](parts, principalOf(c), id);
      return outcome.ok ? found(c, id) : problem(c, outcome.status, outcome.code, outcome.message);
    });
  }
  routes.openapi(template, async (c) => {
    const saved = await saveAsTemplate(parts, principalOf(c), c.req.valid('param').id, c.req.valid('json'));
    return saved.ok ? c.json(saved.template, 200) : problem(c, saved.status, saved.code, saved.message);
  });
  routes.openapi(remove, async (c) => {
    const outcome = await deletePipeline(parts, principalOf(c), c.req.valid('param').id);
    return outcome.ok ? c.body(null, 204) : problem(c, outcome.status, outcome.code, outcome.message);
  });
  return routes;
}

const unknown = (c: Context) => problem(c, 404, PIPELINE_UNKNOWN.code, PIPELINE_UNKNOWN.message);

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: PipelineId });
const tags = ['Pipelines'];
const detailed = { description: 'The pipeline', content: json(PipelineDetail) };

const create = createRoute({
  method: 'post',
  path: '/api/v1/pipelines',
  ...needs('jobs.submit'),
  tags,
  summary: 'Submit jobs that wait for each other, all or none',
  request: { body: { required: true, content: json(CreatePipeline) } },
  responses: { 200: detailed, 201: detailed, ...problems(400, 404, 422) },
});
const list = createRoute({
  method: 'get',
  path: '/api/v1/pipelines',
  ...needs('jobs.see'),
  tags,
  summary: 'Pipelines in pages, newest first',
  request: { query: PipelineListQuery },
  responses: { 200: { description: 'A page', content: json(PipelineList) }, ...problems(400) },
});
const get = createRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}',
  ...needs('jobs.see'),
  tags,
  summary: 'One pipeline with all of its jobs',
  request: { params: param },
  responses: { 200: detailed, ...problems(404) },
});
const SUMMARIES = {
  cancel: 'Cancel all of its jobs that are not over',
  retry: 'Go on from what failed: every job that failed or was canceled is tried again',
};
const action = (name: keyof typeof SUMMARIES) =>
  createRoute({
    method: 'post',
    path: `/api/v1/pipelines/{id}/${name}`,
    ...needs('jobs.steer'),
    tags,
    summary: SUMMARIES[name],
    request: { params: param },
    responses: { 200: detailed, ...problems(403, 404, 409, 422, 503) },
  });
const template = createRoute({
  method: 'post',
  path: '/api/v1/pipelines/{id}/template',
  ...needs('jobs.submit'),
  tags,
  summary: 'Keep what was submitted as a template',
  request: { params: param, body: { required: true, content: json(SaveAsTemplate) } },
  responses: {
    200: { description: 'The template', content: json(TemplateView) },
    ...problems(400, 403, 404, 409, 422, 503),
  },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/v1/pipelines/{id}',
  ...needs('jobs.delete'),
  tags,
  summary: 'Delete the pipeline with all of its jobs, and the files that no other job uses',
  request: { params: param },
  responses: { 204: { description: 'Deleted' }, ...problems(403, 404, 409, 422, 503) },
});
