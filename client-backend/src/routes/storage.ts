import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import { Storage } from '@parallel-pilot/shared/api/farm.ts';
import { bytesOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** How much the team stores, and how much room there is. */
export function storageRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(storage, async (c) => {
    const by = principalOf(c);
    const free = may(by, 'teams.manage') ? await parts.blobs.freeBytes() : null;
    return c.json({ stored: await bytesOfTeam(parts.db, by.team), free }, 200);
  });
  return routes;
}

const storage = createRoute({
  method: 'get',
  path: '/api/v1/storage',
  ...needs('jobs.see'),
  tags: ['Farm'],
  summary: 'What all jobs of the team store together, and for an admin of the farm what is free',
  responses: { 200: { description: 'Bytes', content: { 'application/json': { schema: Storage } } } },
});
