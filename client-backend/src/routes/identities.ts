import type { OpenAPIHono } from '@hono/zod-openapi';
import { ACCOUNT_OPERATIONS, BASE_PATH } from '../auth/accounts/operations.ts';
import { accessRequestOf } from '../auth/guard.ts';
import type { Identities } from '../auth/identities.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problems } from '../http/problems.ts';

/** Passwords, codes, passkeys and sessions: answered by the accounts library, as far as its operations are listed. */
export function identityRoutes(handle: NonNullable<Identities['handle']>): OpenAPIHono {
  const routes = newRoutes();
  for (const { method, path, summary, need, body, answers } of ACCOUNT_OPERATIONS) {
    const content = answers === undefined ? {} : { content: { 'application/json': { schema: answers } } };
    routes.openAPIRegistry.registerPath({
      method: method === 'GET' ? 'get' : 'post',
      path: `${BASE_PATH}${path}`,
      tags: ['Accounts'],
      summary,
      ...needs(need),
      ...(body === undefined
        ? {}
        : { request: { body: { required: true, content: { 'application/json': { schema: body } } } } }),
      responses: { 200: { description: summary, ...content }, ...problems(400, 401, 403, 404, 409, 429) },
    });
  }
  routes.all(`${BASE_PATH}/*`, (c) => handle(c.req.raw, accessRequestOf(c)));
  return routes;
}
