import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import {
  FunctionSummary,
  FunctionVersions,
  PublicToken,
} from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import {
  activate,
  deleteFunction,
  type FunctionRow,
  findFunction,
  functionById,
  setPublicToken,
  versionsOf,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import type { CallDesk } from '../desk/call-desk.ts';
import { servingBeside, waitedFor } from '../desk/readiness.ts';
import { sourceOf } from '../prepare.ts';
import { unknownFunction } from './answers.ts';
import { summariesOf, versionView, waitsOf } from './views.ts';

/** Its owner may, and who may steer jobs of others. */
export const mayChange = (by: Principal, { person_id }: FunctionRow): boolean =>
  may(by, 'jobs.steer', person_id === by.person);

/** What changes a function that there is. */
export function versionRoutes(parts: Parts, desk: CallDesk): OpenAPIHono {
  const { db, clock, random } = parts;
  const routes = newRoutes();
  const findOne = (c: Context, name: FunctionName) => findFunction(db, principalOf(c).team, name);
  const refuse = (c: Context) => problem(c, 403, 'not-allowed', refusalOf(principalOf(c), 'jobs.steer'));

  routes.openapi(versions, async (c) => {
    const row = await findOne(c, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    const all = await versionsOf(db, row.id);
    const waits = await waitsOf(parts, row, all);
    return c.json({ versions: all.map((one) => versionView(one, row, waits)) }, 200);
  });
  routes.openapi(rollback, async (c) => {
    const row = await findOne(c, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    if (!mayChange(principalOf(c), row)) return refuse(c);
    const rows = await versionsOf(db, row.id);
    const all = rows.map(({ version }) => version);
    const asked = c.req.valid('json').version;
    const to = asked ?? all.find((version) => version < row.active_version);
    if (to === undefined || !all.includes(to)) {
      const which = asked === undefined ? 'version before that' : `version ${asked}`;
      const message = `${row.name} is at version ${row.active_version}, and there is no ${which}. There are ${all.join(', ')}.`;
      return problem(c, 409, 'version-unknown', message);
    }
    const target = rows.find(({ version }) => version === to);
    if (target === undefined) return unknownFunction(c);
    const lacking = sourceOf(FunctionSpec.parse(JSON.parse(target.spec_json))).length > 0;
    if (lacking && target.image_json === null && target.holds_source === 0) {
      const message = `The image of version ${to} was never there, and what it is made of was let go of. Deploy it again.`;
      return problem(c, 409, 'image-gone', message);
    }
    const serving = await inTransaction(db, async (db) => {
      const now = await functionById(db, row.id);
      const serving = await servingBeside({ db, clock }, now, { ...waitedFor(target), version: to });
      await activate(db, row.id, { version: to, serving }, clock());
      return serving;
    });
    await desk.install(target, row.team_id);
    await desk.refresh();
    const turned = { ...row, active_version: to, serving_version: serving };
    const [summary] = await summariesOf(parts, desk, [turned]);
    return summary === undefined ? unknownFunction(c) : c.json(summary, 200);
  });
  routes.openapi(remove, async (c) => {
    const row = await findOne(c, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    if (!mayChange(principalOf(c), row)) return refuse(c);
    await inTransaction(db, (db) => deleteFunction(db, row.id));
    await desk.refresh();
    return c.body(null, 204);
  });
  routes.openapi(open, async (c) => {
    const row = await findOne(c, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    if (!mayChange(principalOf(c), row)) return refuse(c);
    const token = `fnt_${Buffer.from(random(32)).toString('base64url')}`;
    await setPublicToken(db, row.id, sha256(token));
    return c.json({ path: `/api/v1/public/functions/${row.id}/invoke`, token }, 200);
  });
  routes.openapi(shut, async (c) => {
    const row = await findOne(c, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    if (!mayChange(principalOf(c), row)) return refuse(c);
    await setPublicToken(db, row.id, null);
    return c.body(null, 204);
  });
  return routes;
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const tags = ['Functions'];
const request = { params: z.object({ name: FunctionName }) };
const path = '/api/v1/functions/{name}';
const gone = { description: 'Done' };

const versions = createRoute({
  method: 'get',
  path: `${path}/versions`,
  ...needs('jobs.see'),
  tags,
  summary: 'The versions of a function, the newest first',
  request,
  responses: { 200: { description: 'Versions', content: json(FunctionVersions) }, ...problems(400, 404) },
});
const rollback = createRoute({
  method: 'post',
  path: `${path}/rollback`,
  ...needs('jobs.steer'),
  tags,
  summary: 'Make another version the active one: the one before, where none is named',
  request: {
    ...request,
    body: { content: json(z.object({ version: z.int().positive().optional() })), required: true },
  },
  responses: {
    200: { description: 'The function', content: json(FunctionSummary) },
    ...problems(400, 403, 404, 409),
  },
});
const remove = createRoute({
  method: 'delete',
  path,
  ...needs('jobs.steer'),
  tags,
  summary: 'Delete a function with its versions and the records of its calls',
  request,
  responses: { 204: gone, ...problems(400, 403, 404) },
});
const open = createRoute({
  method: 'post',
  path: `${path}/public`,
  ...needs('jobs.steer'),
  tags,
  summary: 'Let whoever has a token call it. The token is shown once; one from before opens nothing any more',
  request,
  responses: { 200: { description: 'The token', content: json(PublicToken) }, ...problems(400, 403, 404) },
});
const shut = createRoute({
  method: 'delete',
  path: `${path}/public`,
  ...needs('jobs.steer'),
  tags,
  summary: 'Let nobody call it by a token',
  request,
  responses: { 204: gone, ...problems(400, 403, 404) },
});
