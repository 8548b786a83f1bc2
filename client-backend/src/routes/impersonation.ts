import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { Session } from '@parallel-pilot/shared/api/farm.ts';
import { Impersonate } from '@parallel-pilot/shared/api/limits.ts';
import { deleteCookie, setCookie } from 'hono/cookie';
import { auditAs, auditDone } from '../audit/audit.ts';
import { type Access, TEAM_COOKIE } from '../auth/access.ts';
import { accessRequestOf, principalOf } from '../auth/guard.ts';
import { IMPERSONATION_COOKIE, IMPERSONATION_MS } from '../auth/impersonations.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';
import { sessionView } from './session.ts';

/** An admin acts as somebody else, for an hour at most, and both are named with all that is done. */
export function impersonationRoutes(parts: Parts, access: Access): OpenAPIHono {
  const routes = newRoutes();
  const secure = parts.config.publicUrl?.startsWith('https:') ?? false;
  routes.openapi(begin, async (c) => {
    const admin = principalOf(c);
    const { person } = c.req.valid('json');
    const request = accessRequestOf(c);
    if (request.headers.authorization !== undefined)
      return problem(c, 409, 'not-allowed', 'Only on the site can you act as somebody else, not with a key.');
    const begun = await access.impersonate(admin, person);
    if (!begun.ok) return problem(c, begun.status, begun.code, begun.message);
    auditAs(c, 'impersonation.begin', person);
    const cookie = `${IMPERSONATION_COOKIE}=${begun.token}`;
    setCookie(c, IMPERSONATION_COOKIE, begun.token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: IMPERSONATION_MS / 1_000,
      secure,
    });
    // Their own team first.
    deleteCookie(c, TEAM_COOKIE, { path: '/' });
    const own = cookiesBut(request.headers.cookie, IMPERSONATION_COOKIE, TEAM_COOKIE);
    const headers = { ...request.headers, cookie: [...own, cookie].join('; ') };
    const acting = await access.identify({ ...request, headers });
    return c.json(await sessionView(parts, access, acting.ok ? acting.principal : null), 200);
  });
  routes.openapi(end, async (c) => {
    const { impersonator } = principalOf(c);
    const request = accessRequestOf(c);
    await access.endImpersonation(request);
    if (impersonator === null) auditDone(c);
    else auditAs(c, 'impersonation.end', principalOf(c).person);
    parts.live.recheck();
    deleteCookie(c, IMPERSONATION_COOKIE, { path: '/' });
    deleteCookie(c, TEAM_COOKIE, { path: '/' });
    const cookie = cookiesBut(request.headers.cookie, IMPERSONATION_COOKIE, TEAM_COOKIE).join('; ');
    const own = await access.identify({ ...request, headers: { ...request.headers, cookie } });
    return c.json(await sessionView(parts, access, own.ok ? own.principal : null), 200);
  });
  return routes;
}

const cookiesBut = (header: string | undefined, ...names: string[]): string[] =>
  (header ?? '')
    .split(/; */)
    .filter((pair) => pair !== '' && !names.some((name) => pair.startsWith(`${name}=`)));

const session = {
  description: 'Who this browser is now',
  content: { 'application/json': { schema: Session } },
};
const tags = ['Administration'];
const begin = createRoute({
  method: 'post',
  path: '/api/v1/impersonation',
  ...needs('people.manage'),
  tags,
  summary: 'Act as somebody who is no admin, for an hour at most',
  request: { body: { required: true, content: { 'application/json': { schema: Impersonate } } } },
  responses: { 200: session, ...problems(400, 403, 404, 409) },
});
const end = createRoute({
  method: 'delete',
  path: '/api/v1/impersonation',
  ...needs('account.see'),
  tags,
  summary: 'Be oneself again',
  responses: { 200: session },
});
