import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { Storage } from '@parallel-pilot/shared/api/farm.ts';
import { bytesOfAllBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { newRoutes } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** How much the farm stores, and how much room there is. */
export function storageRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(storage, async (c) =>
    c.json({ stored: await bytesOfAllBlobs(parts.db), free: await parts.blobs.freeBytes() }, 200),
  );
  return routes;
}

const storage = createRoute({
  method: 'get',
  path: '/api/v1/storage',
  tags: ['Farm'],
  summary: 'What all jobs together store, and what is free',
  responses: { 200: { description: 'Bytes', content: { 'application/json': { schema: Storage } } } },
});
