import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { problem } from '../http/problems.ts';
import type { Access, AccessRequest } from './access.ts';

/** Stands before every route: refuses what was not meant for this server, and what is not the owner's. */
export const guard =
  (access: Access): MiddlewareHandler =>
  async (c, next) => {
    const request = accessRequestOf(c);
    const admitted = access.admit(request);
    const decision = admitted.ok && !isOpen(c.req.path) ? await access.identify(request) : admitted;
    if (decision.ok) return next();
    if (decision.status === 401) c.header('www-authenticate', 'Bearer realm="Parallel Pilot"');
    if (decision.status === 429) c.header('retry-after', '60');
    return problem(c, decision.status, decision.code, decision.message);
  };

export function accessRequestOf(c: Context): AccessRequest {
  const { incoming } = c.env as Partial<HttpBindings>;
  const address = incoming?.socket.remoteAddress ?? 'unknown';
  return { method: c.req.method, headers: incoming?.headers ?? c.req.header(), address };
}

/** Open to anyone: the site's own files, health, signing in, and what a worker asks under its lease's signature. */
function isOpen(path: string): boolean {
  if (!path.startsWith('/api/') && path !== '/api') return true;
  return path === '/api/v1/session' || /^\/api\/v1\/blobs\/[0-9a-f]{64}$/.test(path);
}
