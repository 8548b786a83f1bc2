import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import {
  FitQuestion,
  JoinLine,
  WorkerChange,
  WorkerFit,
  WorkerHistory,
  WorkerLoad,
} from '@parallel-pilot/shared/api/machines.ts';
import { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { loadsOf } from '@parallel-pilot/shared/server/db/worker-history.ts';
import type { Context } from 'hono';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { changeSettings, NO_WORKER, revokeWorker, seenWorker } from '../machines/change-worker.ts';
import { fitOf } from '../machines/fit.ts';
import { historyOf, parseBefore } from '../machines/history.ts';
import { listWorkers, viewWorkers } from '../machines/worker-views.ts';
import type { Parts } from '../parts.ts';
import { ownSource } from './project-source.ts';

/** The machines of the farm, and the line by which one more joins. */
export function workerRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const source = ownSource();
  routes.openapi(list, async (c) => c.json({ workers: await listWorkers(parts, principalOf(c)) }, 200));
  routes.openapi(join, (c) => {
    // It lets machines in as the first person's, for everyone: nobody else is given it.
    const token = principalOf(c).proof.type === 'local' ? parts.secrets.workerToken : null;
    c.header('cache-control', 'no-store');
    return c.json(joinLine(parts.config, token, source), 200);
  });
  routes.openapi(fit, async (c) => c.json(await fitOf(parts, principalOf(c), c.req.valid('json')), 200));
  routes.openapi(change, async (c) => {
    const asked = c.req.valid('json');
    const changed = await changeSettings(parts, c.req.valid('param').id, asked, principalOf(c));
    if (!changed.ok) return problem(c, changed.status, changed.code, changed.message);
    auditAs(c, 'worker.change', changed.worker.id, { changed: Object.keys(asked).join(', ') });
    const [view] = await viewWorkers(parts, [changed.worker], principalOf(c));
    return view === undefined ? unknown(c) : c.json(view, 200);
  });
  routes.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    const removed = await revokeWorker(parts, id, principalOf(c));
    if (!removed.ok) return problem(c, removed.status, removed.code, removed.message);
    auditAs(c, 'worker.revoke', id);
    return c.body(null, 204);
  });
  addHistory(routes, parts);
  return routes;
}

/** What a worker has done, and how loaded it was. */
function addHistory(routes: OpenAPIHono, parts: Parts): void {
  routes.openapi(history, async (c) => {
    const worker = await seenWorker(parts, c.req.valid('param').id, principalOf(c));
    if (worker === undefined) return unknown(c);
    const { before: text } = c.req.valid('query');
    const before = text === undefined ? null : parseBefore(text);
    if (before === undefined)
      return problem(c, 400, 'invalid-request', 'This is no page of a history: leave "before" out.');
    return c.json(await historyOf(parts, worker, before, principalOf(c)), 200);
  });
  routes.openapi(load, async (c) => {
    const worker = await seenWorker(parts, c.req.valid('param').id, principalOf(c));
    if (worker === undefined || worker.team_id !== principalOf(c).team) return unknown(c);
    const samples = (await loadsOf(parts.db, worker.id)).map(({ at, cpu, busy, ...sample }) => ({
      at,
      cpu,
      memoryUsedBytes: sample.memory_used_bytes,
      load: sample.load_average,
      busy,
    }));
    return c.json({ samples }, 200);
  });
}

const unknown = (c: Context) => problem(c, 404, NO_WORKER.code, NO_WORKER.message);

/**
 * The command for another machine; for this one, where the farm listens on loopback alone. `source` is where a clone of the project is taken from, null where that is not known.
 */
export function joinLine(config: ServerConfig, token: string | null, source: string | null): JoinLine {
  const reachable = !isLoopback(config.host);
  const balancer = new URL(config.balancerUrl);
  // An embedded balancer is named by its loopback address here, which another machine cannot use.
  if (reachable && isLoopback(balancer.hostname)) balancer.hostname = addressOf(config);
  const url = balancer.origin;
  const setUp = source === null ? 'npm run setup' : `cd ${CLONE} && npm run setup`;
  const lines = [setUp, `npx pilot worker --join ${url}`];
  return {
    reachable,
    join: url,
    lines: source === null ? lines : [`git clone ${source} ${CLONE}`, ...lines],
    token,
  };
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
  summary: 'The lines by which another machine joins; the last one asks for a join token',
  responses: {
    200: { description: 'Lines', content: { 'application/json': { schema: JoinLine } } },
  },
});

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: WorkerId });

const fit = createRoute({
  method: 'post',
  path: '/api/v1/workers/fit',
  ...needs('workers.see'),
  tags: ['Workers'],
  summary:
    'How many connected workers a job with such a placement could go to, what the others lack, and what there is to choose from',
  request: { body: { required: true, content: json(FitQuestion) } },
  responses: {
    200: { description: 'Nothing is changed by asking', content: json(WorkerFit) },
    ...problems(400),
  },
});

const change = createRoute({
  method: 'patch',
  path: '/api/v1/workers/{id}',
  ...needs('workers.steer'),
  tags: ['Workers'],
  summary: 'Rename, tag or annotate a worker, say for whom it works, hold it back, or let it finish and end',
  request: { params: param, body: { required: true, content: json(WorkerChange) } },
  responses: {
    200: { description: 'The worker', content: json(WorkerView) },
    ...problems(400, 403, 404, 409, 503),
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/workers/{id}',
  ...needs('workers.steer'),
  tags: ['Workers'],
  summary: 'Revoke the credential of a worker: its connection ends at once, and its work goes to others',
  request: { params: param },
  responses: { 204: { description: 'Removed' }, ...problems(400, 403, 404, 409, 503) },
});

const history = createRoute({
  method: 'get',
  path: '/api/v1/workers/{id}/history',
  ...needs('workers.see'),
  tags: ['Workers'],
  summary: 'What a worker did, newest first, in pages of 50; of jobs of other teams no more than when',
  request: { params: param, query: z.object({ before: z.string().max(100).optional() }) },
  responses: { 200: { description: 'A page', content: json(WorkerHistory) }, ...problems(400, 404) },
});

const load = createRoute({
  method: 'get',
  path: '/api/v1/workers/{id}/load',
  ...needs('workers.see'),
  tags: ['Workers'],
  summary: 'How loaded a worker of the team was over the last day',
  request: { params: param },
  responses: { 200: { description: 'Oldest first', content: json(WorkerLoad) }, ...problems(400, 404) },
});
