import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { JoinLine, WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes } from '../http/problems.ts';
import { listWorkers } from '../machines/worker-views.ts';
import type { Parts } from '../parts.ts';
import { ownSource } from './project-source.ts';

/** The machines of the farm, and the line by which one more joins. */
export function workerRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const source = ownSource();
  routes.openapi(list, async (c) => c.json({ workers: await listWorkers(parts, principalOf(c)) }, 200));
  routes.openapi(join, (c) => {
    c.header('cache-control', 'no-store');
    return c.json(joinLine(parts.config, parts.secrets.workerToken, source), 200);
  });
  return routes;
}

/** The command for another machine; for this one, where the farm listens on loopback alone. */
/** `source` is where a clone of the project is taken from, null where that is not known. */
export function joinLine(config: ServerConfig, token: string, source: string | null): JoinLine {
  const reachable = !isLoopback(config.host);
  const balancer = new URL(config.balancerUrl);
  // An embedded balancer is named by its loopback address here, which another machine cannot use.
  if (reachable && isLoopback(balancer.hostname)) balancer.hostname = addressOf(config);
  const url = balancer.origin;
  const setUp = source === null ? 'npm run setup' : `cd ${CLONE} && npm run setup`;
  const lines = [setUp, `npx pilot worker --join ${url}`];
  return { reachable, lines: source === null ? lines : [`git clone ${source} ${CLONE}`, ...lines], token };
}

/** What the others call their clone of the project. */
const CLONE = 'parallel-pilot';

function addressOf(config: ServerConfig): string {
  if (config.publicUrl !== null) return new URL(config.publicUrl).hostname;
  const { host } = config;
  if (host !== '0.0.0.0' && host !== '::') return isIPv6(host) ? `[${host}]` : host;
  const outer = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => address.family === 'IPv4' && !address.internal);
  return outer?.address ?? '127.0.0.1';
}

const list = createRoute({
  method: 'get',
  path: '/api/v1/workers',
  ...needs('workers.see'),
  tags: ['Workers'],
  summary: 'Every worker: state, load, capabilities, and what it does now',
  responses: {
    200: { description: 'By name', content: { 'application/json': { schema: WorkerList } } },
  },
});

const join = createRoute({
  method: 'get',
  path: '/api/v1/workers/join',
  ...needs('workers.lend'),
  tags: ['Workers'],
  summary: 'The lines by which another machine joins, and the token that the last one asks for',
  responses: {
    200: { description: 'Lines and token', content: { 'application/json': { schema: JoinLine } } },
  },
});
