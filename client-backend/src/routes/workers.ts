import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { JoinLine, WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { ChunkId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { WorkersTable } from '@parallel-pilot/shared/server/db/schema.ts';
import { workersSeenBy } from '@parallel-pilot/shared/server/db/workers.ts';
import type { Selectable } from 'kysely';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes } from '../http/problems.ts';
import type { Parts } from '../parts.ts';
import { ownSource } from './project-source.ts';

/** The machines of the farm, and the line by which one more joins. */
export function workerRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const source = ownSource();
  routes.openapi(list, async (c) => c.json({ workers: await listWorkers(parts, principalOf(c).team) }, 200));
  routes.openapi(join, (c) => {
    c.header('cache-control', 'no-store');
    return c.json(joinLine(parts.config, parts.secrets.workerToken, source), 200);
  });
  return routes;
}

/**
 * Rows of the database joined with what the balancer last said of each worker: those of the team, and those that work
 * for everyone. What they do for other teams, and how busy that makes them, stays with those.
 */
export async function listWorkers(
  { db, balancer }: Pick<Parts, 'db' | 'balancer'>,
  team: TeamId,
): Promise<WorkerView[]> {
  const rows = await workersSeenBy(db, team);
  const live = balancer.workers();
  const running = rows.flatMap((row) => (live.get(row.id)?.running ?? []).map((chunk) => chunk.chunk));
  const names = await nameChunks(db, running, team);
  return rows.map((row) => viewOf(row, live.get(row.id), names, team));
}

type LiveWorker =
  ReturnType<Parts['balancer']['workers']> extends ReadonlyMap<infer _Id, infer W> ? W : never;
type Names = Map<ChunkId, { jobName: string; label: string }>;

function viewOf(
  row: Selectable<WorkersTable>,
  live: LiveWorker | undefined,
  names: Names,
  team: TeamId,
): WorkerView {
  const running = (live?.running ?? []).flatMap((chunk) => {
    const name = names.get(chunk.chunk);
    return name === undefined ? [] : [{ ...chunk, ...name }];
  });
  return {
    id: row.id,
    name: row.name,
    status: live?.status ?? row.status,
    slots: row.slots,
    capabilities: shown(JSON.parse(row.capabilities_json)),
    machine: JSON.parse(row.machine_json),
    load: row.team_id === team ? (live?.load ?? null) : null,
    connectedAt: row.connected_at,
    lastSeenAt: row.last_seen_at,
    chunksDone: row.chunks_done,
    chunksFailed: row.chunks_failed,
    running,
  };
}

/** Lists longer than anyone reads, such as all modules of a Python, are for planning: a thousand workers have one each. */
const MOST_SHOWN = 64;
const shown = (capabilities: Capabilities): Capabilities =>
  Object.fromEntries(
    Object.entries(capabilities).filter(([, value]) => !Array.isArray(value) || value.length <= MOST_SHOWN),
  );

async function nameChunks(db: Db, chunks: ChunkId[], team: TeamId): Promise<Names> {
  if (chunks.length === 0) return new Map();
  const rows = await db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('jobs', 'jobs.id', 'chunks.job_id')
    .select([
      'chunks.id',
      'chunks.spec_json',
      'stages.name as stageName',
      'jobs.kind',
      'jobs.name as jobName',
    ])
    .where('chunks.id', 'in', chunks)
    .where('jobs.team_id', '=', team)
    .execute();
  return new Map(
    rows.map(({ id, spec_json, stageName, kind, jobName }) => {
      return [id, { jobName, label: kindOf(kind).label(stageName, JSON.parse(spec_json)) }];
    }),
  );
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
