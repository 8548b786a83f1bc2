import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { RUNS } from '@parallel-pilot/shared/kinds/command/kind.ts';
import { mediaTypeOf } from '@parallel-pilot/shared/kinds/command/media-type.ts';
import { RunList, RunListQuery } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { JobId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { findJobHead, type JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { z } from 'zod';
import { principalOf } from '../../auth/guard.ts';
import { needs } from '../../auth/needs.ts';
import { disposition } from '../../http/disposition.ts';
import { newRoutes, problem, problems } from '../../http/problems.ts';
import { sendPart } from '../../http/send-blob.ts';
import type { Parts } from '../../parts.ts';
import { partsOf } from './done-runs.ts';
import { findRun, runPage } from './run-pages.ts';

/** What only kinds have that run commands: their runs, and what each left. */
export function commandRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  const jobOf = async (id: JobId, team: TeamId): Promise<JobHead | null> => {
    const job = await findJobHead(parts.db, id, team);
    return job !== undefined && kindOf(job.kind).mainStage?.name === RUNS ? job : null;
  };
  routes.openapi(runs, async (c) => {
    const { id } = c.req.valid('param');
    if ((await jobOf(id, principalOf(c).team)) === null)
      return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    return c.json(await runPage(parts.db, id, c.req.valid('query')), 200);
  });
  routes.openapi(file, async (c) => {
    const { id, run } = c.req.valid('param');
    const { path, download } = c.req.valid('query');
    if ((await jobOf(id, principalOf(c).team)) === null)
      return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    const found = await findRun(parts.db, id, run - 1);
    const part = found === null ? undefined : partsOf(found).find((one) => one.path === path);
    const size = part === undefined || part.size === 0 ? 0 : await parts.blobs.size(part.hash);
    if (part === undefined || size === null || part.start + part.size > Math.max(size, part.size)) {
      const message =
        found === null ? `Run ${run} of this job is not done.` : `Run ${run} left no file "${path}".`;
      return problem(c, 404, 'file-unknown', message);
    }
    const name = path.split('/').at(-1) ?? path;
    const how = download === undefined ? 'inline' : 'attachment';
    return sendPart(
      c,
      parts.blobs,
      { ...part, mediaType: shownAs(name) },
      { 'content-disposition': disposition(how, name) },
    );
  });
  return routes;
}

/** A browser shows tables and lists as text in its own page; of another type it would save them. */
const shownAs = (name: string): string => {
  const type = mediaTypeOf(name);
  return /^(text\/|application\/(json|x-ndjson))/.test(type) ? 'text/plain; charset=utf-8' : type;
};

const UNKNOWN = { code: 'job-unknown', message: 'There is no such command.' };

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: JobId });
const tags = ['Commands'];

const runs = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/runs',
  ...needs('jobs.see'),
  tags,
  summary: 'The runs of a command that are done, with what each left, in pages',
  request: { params: param, query: RunListQuery },
  responses: { 200: { description: 'Runs', content: json(RunList) }, ...problems(400, 404) },
});
const file = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/runs/{run}/file',
  ...needs('jobs.see'),
  tags,
  summary: 'A file that a run left; pilot.out and pilot.err are what it printed',
  request: {
    params: param.extend({ run: z.coerce.number().int().min(1).max(10_000_000) }),
    query: z.object({ path: RelativePath, download: z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The file',
      content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems(400, 404),
  },
});
