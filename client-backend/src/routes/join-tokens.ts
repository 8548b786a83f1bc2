import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import {
  JoinTokenList,
  type JoinTokenView,
  MadeJoinToken,
  NewJoinToken,
} from '@parallel-pilot/shared/api/machines.ts';
import { JoinTokenId, newId } from '@parallel-pilot/shared/model/ids.ts';
import {
  findJoinToken,
  insertJoinToken,
  joinTokensOf,
  revokeJoinToken,
  type ShownJoinToken,
} from '@parallel-pilot/shared/server/db/join-tokens.ts';
import { newMachineSecret } from '@parallel-pilot/shared/server/machine-secrets.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** What machines join with: made by people who lend them, each for one of their teams. */
export function joinTokenRoutes(parts: Parts): OpenAPIHono {
  const { db, clock, random } = parts;
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const principal = principalOf(c);
    const rows = await joinTokensOf(db, principal.team);
    const now = clock();
    return c.json({ joinTokens: rows.map((row) => viewOf(row, principal, now)) }, 200);
  });
  routes.openapi(create, async (c) => {
    const principal = principalOf(c);
    const asked = c.req.valid('json');
    if (asked.expiresAt !== null && asked.expiresAt <= clock())
      return problem(c, 422, 'already-ended', 'The end of this token has passed already.');
    const token = newMachineSecret('join-token', random);
    const id = newId('jtk', random);
    await insertJoinToken(db, {
      id,
      hash: sha256(token),
      person_id: principal.person,
      team_id: principal.team,
      name: asked.name,
      works_for: asked.worksFor,
      uses_left: asked.uses,
      created_at: clock(),
      expires_at: asked.expiresAt,
    });
    const made = (await joinTokensOf(db, principal.team)).find((row) => row.id === id);
    if (made === undefined) return problem(c, 404, NO_TOKEN.code, NO_TOKEN.message);
    auditAs(c, 'join-token.create', id, { name: asked.name, worksFor: asked.worksFor });
    c.header('cache-control', 'no-store');
    return c.json({ joinToken: viewOf(made, principal, clock()), token }, 201);
  });
  routes.openapi(revoke, async (c) => {
    const principal = principalOf(c);
    const row = await findJoinToken(db, c.req.valid('param').id);
    if (row === undefined || row.team_id !== principal.team || row.revoked_at !== null)
      return problem(c, 404, NO_TOKEN.code, NO_TOKEN.message);
    if (!may(principal, 'workers.steer', row.person_id === principal.person))
      return problem(c, 403, 'not-allowed', 'Only whoever made this token, or a manager, may revoke it.');
    await revokeJoinToken(db, row.id, clock());
    auditAs(c, 'join-token.revoke', row.id);
    return c.body(null, 204);
  });
  return routes;
}

const NO_TOKEN = { code: 'no-such-token', message: 'There is no such join token.' };

const viewOf = (row: ShownJoinToken, { person }: Principal, now: number): JoinTokenView => ({
  id: row.id,
  name: row.name,
  person: { id: row.person_id, name: row.personName },
  worksFor: row.works_for,
  usesLeft: row.uses_left,
  workers: Number(row.workers),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  state: stateOf(row, now),
  mine: row.person_id === person,
});

function stateOf({ expires_at, uses_left }: ShownJoinToken, now: number): JoinTokenView['state'] {
  if (expires_at !== null && expires_at <= now) return 'expired';
  return uses_left === 0 ? 'used-up' : 'good';
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const tags = ['Workers'];

const list = createRoute({
  method: 'get',
  path: '/api/v1/join-tokens',
  ...needs('workers.lend'),
  tags,
  summary: 'What machines can join the team with',
  responses: { 200: { description: 'Newest first', content: json(JoinTokenList) } },
});

const create = createRoute({
  method: 'post',
  path: '/api/v1/join-tokens',
  ...needs('workers.lend'),
  tags,
  summary: 'Make a token for machines to join with, which is shown this once',
  request: { body: { required: true, content: json(NewJoinToken) } },
  responses: { 201: { description: 'The token', content: json(MadeJoinToken) }, ...problems(400, 404, 422) },
});

const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/join-tokens/{id}',
  ...needs('workers.steer'),
  tags,
  summary: 'Revoke a token; machines that have joined with it stay',
  request: { params: z.object({ id: JoinTokenId }) },
  responses: { 204: { description: 'Revoked' }, ...problems(400, 403, 404) },
});
