import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { MOST_SHARDS } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { ShownList, ShownQuery, ShownTable } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { JobId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob, findJobHead, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import { SANDBOX } from '../../../http/send-blob.ts';
import type { Parts } from '../../../parts.ts';
import { asListed, type FoundShown, shownOf, shownRounds } from './find-shown.ts';
import { shownPicture, shownTable } from './shown-files.ts';

/** What the script of a training shows, round by round. */
export function shownRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const jobOf = async (id: JobId, team: TeamId): Promise<JobRow | undefined> =>
    (await findJobHead(parts.db, id, team))?.kind === 'training' ? findJob(parts.db, id) : undefined;
  const find = async (id: JobId, team: TeamId, which: Which): Promise<FoundShown | undefined> => {
    if ((await jobOf(id, team)) === undefined) return undefined;
    const shard = which.shard === 'merged' ? null : which.shard - 1;
    const all = await shownOf(parts.db, id, which.round);
    return all.find((one) => one.shard === shard && one.place === which.place);
  };

  routes.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    const job = await jobOf(id, principalOf(c).team);
    if (job === undefined) return problem(c, 404, 'job-unknown', 'There is no such training.');
    const { settings } = TrainingSpec.parse(JSON.parse(job.spec_json));
    const rounds = await shownRounds(parts.db, id, settings);
    const round = c.req.valid('query').round ?? rounds.at(-1) ?? null;
    const shown = round === null ? [] : (await shownOf(parts.db, id, round)).map(asListed);
    return c.json({ rounds, round, shown }, 200);
  });
  routes.openapi(picture, async (c) => {
    const { id, ...which } = c.req.valid('param');
    const found = await find(id, principalOf(c).team, which);
    if (found === undefined || found.what.kind === 'table') return problem(c, 404, NONE.code, NONE.message);
    const etag = `"${found.hash}-shown-${found.place}"`;
    const headers = { 'content-type': 'image/webp', 'cache-control': 'private, no-cache', etag, ...SANDBOX };
    if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
    try {
      const path = await shownPicture(parts, id, found);
      const { size } = await stat(path);
      const bytes = Readable.toWeb(createReadStream(path)) as ReadableStream;
      return new Response(bytes, { headers: { ...headers, 'content-length': String(size) } });
    } catch (error) {
      parts.log.warn({ event: 'shown.unreadable', hash: found.hash, place: found.place, err: error });
      return problem(c, 404, 'shown-unreadable', 'What the script shows here is no picture that decodes.');
    }
  });
  routes.openapi(table, async (c) => {
    const { id, ...which } = c.req.valid('param');
    const found = await find(id, principalOf(c).team, which);
    if (found?.what.kind !== 'table') return problem(c, 404, NONE.code, NONE.message);
    const read = await shownTable(parts, found);
    if (read === null)
      return problem(c, 404, 'shown-unreadable', 'What the script shows here is no table that can be read.');
    return c.json(read, 200);
  });
  return routes;
}

const NONE = {
  code: 'shown-unknown',
  message: 'The script shows nothing there, or it is not kept any more.',
};

const param = z.object({ id: JobId });
const which = z.object({
  round: z.coerce.number().int().min(1).max(10_000),
  shard: z.union([z.literal('merged'), z.coerce.number().int().min(1).max(MOST_SHARDS)]),
  place: z.coerce.number().int().min(0).max(255),
});
type Which = z.infer<typeof which>;
const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const common = { method: 'get' as const, ...needs('jobs.see'), tags: ['Training'] };

const list = createRoute({
  ...common,
  path: '/api/v1/jobs/{id}/shown',
  summary:
    'The pictures and tables that the script of a training shows in a round, and the rounds that have some',
  request: { params: param, query: ShownQuery },
  responses: { 200: { description: 'What is shown', content: json(ShownList) }, ...problems(400, 404) },
});
const picture = createRoute({
  ...common,
  path: '/api/v1/jobs/{id}/shown/{round}/{shard}/{place}/picture',
  summary: 'A picture that the script shows, pixel for pixel; `shard` is its number or "merged"',
  request: { params: param.extend(which.shape) },
  responses: {
    200: {
      description: 'The picture',
      content: { 'image/webp': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems(400, 404),
  },
});
const table = createRoute({
  ...common,
  path: '/api/v1/jobs/{id}/shown/{round}/{shard}/{place}/table',
  summary: 'A table that the script shows',
  request: { params: param.extend(which.shape) },
  responses: { 200: { description: 'The table', content: json(ShownTable) }, ...problems(400, 404) },
});
