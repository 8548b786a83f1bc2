import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import {
  Curves,
  CurvesQuery,
  RoundList,
  RoundListQuery,
  WhichRound,
} from '@parallel-pilot/shared/kinds/training/view.ts';
import { JobId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { z } from 'zod';
import { principalOf } from '../../auth/guard.ts';
import { needs } from '../../auth/needs.ts';
import { disposition } from '../../http/disposition.ts';
import { newRoutes, problem, problems } from '../../http/problems.ts';
import { sendBlob } from '../../http/send-blob.ts';
import type { Parts } from '../../parts.ts';
import { safeName } from '../../text/safe-name.ts';
import { curvesOf } from './rounds/curves.ts';
import { modelOfRound, numberOf } from './rounds/models.ts';
import { roundList } from './rounds/round-list.ts';
import { shownRoutes } from './shown/routes.ts';
import { sweepRoutes } from './sweeps/sweep-routes.ts';

/** What only trainings have: rounds, curves, and sweeps. */
export function trainingRoutes(parts: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.route('/', shownRoutes(parts));
  routes.route('/', sweepRoutes(parts));
  const isTraining = async (id: JobId, team: TeamId): Promise<boolean> =>
    (await findJobHead(parts.db, id, team))?.kind === 'training';
  routes.openapi(rounds, async (c) => {
    const { id } = c.req.valid('param');
    if (!(await isTraining(id, principalOf(c).team))) return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    return c.json(await roundList(parts.db, id, c.req.valid('query')), 200);
  });
  routes.openapi(curves, async (c) => {
    const { id } = c.req.valid('param');
    if (!(await isTraining(id, principalOf(c).team))) return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    return c.json(await curvesOf(parts.db, id, c.req.valid('query').after), 200);
  });
  routes.openapi(model, async (c) => {
    const { id, round: which } = c.req.valid('param');
    const job = await findJobHead(parts.db, id, principalOf(c).team);
    if (job?.kind !== 'training') return problem(c, 404, UNKNOWN.code, UNKNOWN.message);
    const round = await numberOf(parts.db, id, which);
    const file = round === null ? null : await modelOfRound(parts.db, id, round);
    const size = file === null ? null : await parts.blobs.size(file.hash);
    if (file === null || size === null) {
      const message =
        round === null
          ? `There is no ${which} model yet: no round is merged${which === 'best' ? ' and measured' : ''}.`
          : `There is no model of round ${round}: the round is not merged yet, or its model was not kept.`;
      return problem(c, 404, 'model-unknown', message);
    }
    const name = disposition('attachment', `${safeName(job.name)}-round-${round}.npz`);
    const blob = { hash: file.hash, size, mediaType: 'application/zip' };
    return sendBlob(c, parts.blobs, blob, { 'content-disposition': name });
  });
  return routes;
}

const UNKNOWN = { code: 'job-unknown', message: 'There is no such training.' };

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: JobId });
const tags = ['Training'];

const rounds = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/rounds',
  ...needs('jobs.see'),
  tags,
  summary: 'The rounds of a training in their order, in pages',
  request: { params: param, query: RoundListQuery },
  responses: { 200: { description: 'Rounds', content: json(RoundList) }, ...problems(400, 404) },
});
const model = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/rounds/{round}/model',
  ...needs('jobs.see'),
  tags,
  summary:
    'The merged model of a round, of the best or of the last one so far, as an .npz, also of a training that is not over or was canceled',
  request: { params: param.extend({ round: WhichRound }) },
  responses: {
    200: {
      description: 'The model',
      content: { 'application/zip': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems(400, 404, 416),
  },
});
const curves = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/curves',
  ...needs('jobs.see'),
  tags,
  summary: 'What the shards and the merged model of a training reported, thinned out for curves',
  request: { params: param, query: CurvesQuery },
  responses: { 200: { description: 'Lines', content: json(Curves) }, ...problems(400, 404) },
});
