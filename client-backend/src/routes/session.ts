import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { Session, SignIn } from '@parallel-pilot/shared/api/farm.ts';
import { findPerson, teamsOf } from '@parallel-pilot/shared/server/db/people.ts';
import { deleteCookie, setCookie } from 'hono/cookie';
import { auditAs, auditDone } from '../audit/audit.ts';
import { type Access, SESSION_COOKIE } from '../auth/access.ts';
import { accessRequestOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import type { Identification } from '../auth/request.ts';
import { SESSION_MS } from '../auth/sessions.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** Signing in and out on the site; programs send a key as a bearer token instead. */
export function sessionRoutes(parts: Parts, access: Access, onSignOut = () => {}): OpenAPIHono {
  const routes = newRoutes();
  const view = (identified: Identification) =>
    sessionView(parts, access, identified.ok ? identified.principal : null);
  routes.openapi(look, async (c) => c.json(await view(await access.identify(accessRequestOf(c))), 200));
  routes.openapi(signIn, async (c) => {
    if (access.mode === 'local') {
      auditDone(c);
      return c.json(await view(await access.identify(accessRequestOf(c))), 200);
    }
    const result = await access.signIn(c.req.valid('json').key, accessRequestOf(c));
    if (!result.ok) return problem(c, result.status, result.code, result.message);
    auditAs(c, 'session.open', null, { way: 'key' }, result.principal);
    setCookie(c, SESSION_COOKIE, result.token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: SESSION_MS / 1_000,
      secure: parts.config.publicUrl?.startsWith('https:') ?? false,
    });
    return c.json(await view(result), 200);
  });
  routes.openapi(signOut, async (c) => {
    const before = await access.identify(accessRequestOf(c));
    if (before.ok && access.mode !== 'local') auditAs(c, 'session.close', null, null, before.principal);
    else auditDone(c);
    await access.signOut(accessRequestOf(c));
    onSignOut();
    deleteCookie(c, SESSION_COOKIE, { path: '/' });
    const asked = accessRequestOf(c);
    const headers = { ...asked.headers, cookie: '' };
    return c.json(await view(await access.identify({ ...asked, headers })), 200);
  });
  return routes;
}

export async function sessionView(
  parts: Parts,
  access: Access,
  principal: Principal | null,
): Promise<Session> {
  const farm = {
    mode: access.mode,
    ways: access.identities?.ways ?? { password: false, oidc: [], clerk: null },
  };
  const person = principal === null ? undefined : await findPerson(parts.db, principal.person);
  if (principal === null || person === undefined)
    return { ...farm, person: null, team: null, teams: [], scopes: [], impersonator: null };
  const teams = (await teamsOf(parts.db, principal.person)).map(({ subject: _, ...team }) => team);
  const { impersonator } = principal;
  const admin = impersonator === null ? undefined : await findPerson(parts.db, impersonator);
  return {
    ...farm,
    person: { id: person.id, name: person.name, email: person.email, role: person.role },
    team: teams.find((team) => team.id === principal.team) ?? null,
    // A key is of one team.
    teams: principal.proof.type === 'key' ? teams.filter((team) => team.id === principal.team) : teams,
    scopes: [...principal.scopes],
    impersonator: admin === undefined ? null : { id: admin.id, name: admin.name },
  };
}

const session = {
  description: 'How people sign in here, and who this request comes from',
  content: { 'application/json': { schema: Session } },
};

const look = createRoute({
  method: 'get',
  path: '/api/v1/session',
  ...needs('open'),
  tags: ['Session'],
  summary: 'Am I signed in?',
  responses: { 200: session },
});

const signIn = createRoute({
  method: 'post',
  path: '/api/v1/session',
  ...needs('open'),
  tags: ['Session'],
  summary: 'Sign in with a key',
  request: { body: { required: true, content: { 'application/json': { schema: SignIn } } } },
  responses: { 200: session, ...problems(400, 401, 403, 413, 429) },
});

const signOut = createRoute({
  method: 'delete',
  path: '/api/v1/session',
  ...needs('open'),
  tags: ['Session'],
  summary: 'Sign out',
  responses: { 200: session },
});
