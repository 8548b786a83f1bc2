import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { Health } from '@parallel-pilot/shared/api/farm.ts';
import { sql } from 'kysely';
import packageJson from '../../package.json' with { type: 'json' };
import { needs } from '../auth/needs.ts';
import { newRoutes } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

const PATIENCE_MS = 2_000;
const FEW_BYTES = 256 * 1024 ** 2;
const version = packageJson.version;

/** /healthz: the process lives. /readyz: it can do its work; 503 and what is missing otherwise. */
export function healthRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(healthz, (c) => c.json({ ok: true, version, problems: [] }, 200));
  routes.openapi(readyz, async (c) => {
    const checks = await Promise.all([
      soon(sql`select 1`.execute(parts.db)).then((ok) => (ok ? [] : ['database'])),
      parts.balancer.connected() ? [] : ['load-balancer'],
      soon(hasRoom(parts)).then((ok) => (ok ? [] : ['disk'])),
    ]);
    const problems = checks.flat();
    return c.json({ ok: problems.length === 0, version, problems }, problems.length === 0 ? 200 : 503);
  });
  return routes;
}

async function hasRoom(parts: Parts): Promise<void> {
  if ((await parts.blobs.freeBytes()) < FEW_BYTES) throw new Error('the disk is nearly full');
}

/** True when it succeeds within two seconds. */
async function soon(work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PATIENCE_MS);
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: Health } },
});

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  ...needs('open'),
  tags: ['Health'],
  summary: 'Does the process live?',
  responses: { 200: answer('It does') },
});

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  ...needs('open'),
  tags: ['Health'],
  summary: 'Are the database, the load balancer and disk space there?',
  responses: { 200: answer('Ready'), 503: answer('Something is missing') },
});
