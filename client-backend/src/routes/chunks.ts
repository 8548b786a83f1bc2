import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { ChunkDetail, ChunkList, ChunkListQuery, ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { NOT_FOUND } from '../jobs/actions.ts';
import { chunkDetail, chunkListPage, chunkStatesPage } from '../jobs/chunk-pages.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import { jobDetail } from '../jobs/job-detail.ts';
import { redoChunk } from '../jobs/redo-chunk.ts';

/** The chunks of a job's newest stage. */
export function chunkRoutes(parts: PartsWithEngine): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const page = await chunkListPage(
      parts,
      c.req.valid('param').id,
      principalOf(c).team,
      c.req.valid('query'),
    );
    return page === null ? problem(c, 404, NOT_FOUND.code, NOT_FOUND.message) : c.json(page, 200);
  });
  // Before the route with an ordinal, which "states" is not.
  routes.openapi(states, async (c) => {
    const page = await chunkStatesPage(parts, c.req.valid('param').id, principalOf(c).team);
    return page === null ? problem(c, 404, NOT_FOUND.code, NOT_FOUND.message) : c.json(page, 200);
  });
  routes.openapi(one, async (c) => {
    const { id, ordinal } = c.req.valid('param');
    const detail = await chunkDetail(parts, id, principalOf(c).team, ordinal);
    if (detail === null) return problem(c, 404, 'chunk-unknown', 'The job has no such part.');
    return c.json(detail, 200);
  });
  routes.openapi(retry, async (c) => {
    const { id, ordinal } = c.req.valid('param');
    const outcome = await redoChunk(parts, principalOf(c), id, ordinal);
    if (!outcome.ok) return problem(c, outcome.status, outcome.code, outcome.message);
    const detail = await jobDetail(parts, id, principalOf(c).team);
    return detail === null ? problem(c, 404, NOT_FOUND.code, NOT_FOUND.message) : c.json(detail, 200);
  });
  return routes;
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: JobId });
const tags = ['Chunks'];

const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/chunks',
  ...needs('jobs.see'),
  tags,
  summary: 'Chunks by ordinal, in pages',
  request: { params: param, query: ChunkListQuery },
  responses: { 200: { description: 'A page', content: json(ChunkList) }, ...problems(400, 404) },
});
const states = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/chunks/states',
  ...needs('jobs.see'),
  tags,
  summary: 'The state of every chunk as one letter each',
  request: { params: param },
  responses: { 200: { description: 'Letters by ordinal', content: json(ChunkStates) }, ...problems(404) },
});
const ofOne = param.extend({ ordinal: z.coerce.number().int().min(0).max(100_000_000) });
const one = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/chunks/{ordinal}',
  ...needs('jobs.see'),
  tags,
  summary: 'A chunk with every attempt and its log',
  request: { params: ofOne },
  responses: { 200: { description: 'The chunk', content: json(ChunkDetail) }, ...problems(400, 404) },
});
const retry = createRoute({
  method: 'post',
  path: '/api/v1/jobs/{id}/chunks/{ordinal}/retry',
  ...needs('jobs.steer'),
  tags,
  summary: 'Make a chunk that is done once more, and the result anew; also of a completed job',
  request: { params: ofOne },
  responses: {
    200: { description: 'The job', content: json(JobDetail) },
    ...problems(400, 403, 404, 409, 422, 503),
  },
});
