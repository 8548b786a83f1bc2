import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { Session, SignIn } from '@parallel-pilot/shared/api/farm.ts';
import { deleteCookie, setCookie } from 'hono/cookie';
import { type Access, SESSION_COOKIE } from '../auth/access.ts';
import { accessRequestOf } from '../auth/guard.ts';
import { SESSION_MS } from '../auth/sessions.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';

/** Signing in and out on the site; programs send the key as a bearer token instead. */
export function sessionRoutes(parts: Parts, access: Access, onSignOut = () => {}): OpenAPIHono {
  const routes = newRoutes();
  const view = (signedIn: boolean) => ({
    required: access.required,
    signedIn,
    owner: signedIn ? parts.owner : null,
  });
  routes.openapi(look, async (c) => c.json(view((await access.identify(accessRequestOf(c))).ok), 200));
  routes.openapi(signIn, async (c) => {
    if (!access.required) return c.json(view(true), 200);
    const result = await access.signIn(c.req.valid('json').key, accessRequestOf(c));
    if (!result.ok) return problem(c, result.status === 429 ? 429 : 401, result.code, result.message);
    setCookie(c, SESSION_COOKIE, result.token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: SESSION_MS / 1_000,
      secure: parts.config.publicUrl?.startsWith('https:') ?? false,
    });
    return c.json(view(true), 200);
  });
  routes.openapi(signOut, async (c) => {
    await access.signOut(accessRequestOf(c));
    onSignOut();
    deleteCookie(c, SESSION_COOKIE, { path: '/' });
    return c.json(view(!access.required), 200);
  });
  return routes;
}

const session = {
  description: 'Whether a key is demanded here, and whether this request has one',
  content: { 'application/json': { schema: Session } },
};

const look = createRoute({
  method: 'get',
  path: '/api/v1/session',
  tags: ['Session'],
  summary: 'Am I signed in?',
  responses: { 200: session },
});

const signIn = createRoute({
  method: 'post',
  path: '/api/v1/session',
  tags: ['Session'],
  summary: "Sign in with the owner's key",
  request: { body: { required: true, content: { 'application/json': { schema: SignIn } } } },
  responses: { 200: session, ...problems(400, 401, 413, 429) },
});

const signOut = createRoute({
  method: 'delete',
  path: '/api/v1/session',
  tags: ['Session'],
  summary: 'Sign out',
  responses: { 200: session },
});
