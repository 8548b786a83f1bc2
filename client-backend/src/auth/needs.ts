import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Action } from '@parallel-pilot/shared/access/permissions.ts';
import { PERMISSIONS } from '@parallel-pilot/shared/access/permissions.ts';
import { TrieRouter } from 'hono/router/trie-router';

/** What an operation asks of whoever calls it: to be allowed that, nothing, or the signature of a lease, which it checks itself. */
export type Need = Action | 'open' | 'lease';

const NEED = 'x-needs';

/** A part of a route's definition, shown in the OpenAPI document. An operation without one is refused to everybody. */
export const needs = (need: Need) => ({ [NEED]: need });

const isNeed = (value: unknown): value is Need =>
  value === 'open' || value === 'lease' || (typeof value === 'string' && value in PERMISSIONS);

/** The need of a request by its method and path, from all routes of the application; null where there is no such operation. */
export function createNeeds(app: OpenAPIHono): (method: string, path: string) => Need | 'undeclared' | null {
  const router = new TrieRouter<Need | 'undeclared'>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { method, path } = definition.route;
    const need = (definition.route as Record<string, unknown>)[NEED];
    router.add(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), isNeed(need) ? need : 'undeclared');
  }
  return (method, path) => {
    const [found] = router.match(method, path);
    return found[0]?.[0] ?? (method === 'HEAD' ? (router.match('GET', path)[0][0]?.[0] ?? null) : null);
  };
}
