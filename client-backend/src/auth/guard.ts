import type { HttpBindings } from '@hono/node-server';
import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { Context, MiddlewareHandler } from 'hono';
import { problem, unknownOperation } from '../http/problems.ts';
import type { Access } from './access.ts';
import type { OperationOf } from './operations.ts';
import type { AccessRequest, Refusal } from './request.ts';

/**
 * Stands before every route: refuses what was not meant for this server, who is
 * not known, and who may not do it to anything. Whether they may do it to this
 * very job is for the route to say.
 */
export const guard =
  (access: Access, operationOf: OperationOf): MiddlewareHandler =>
  async (c, next) => {
    const request = accessRequestOf(c);
    const admitted = access.admit(request);
    if (!admitted.ok) return refuse(c, admitted);
    const need = isSite(c.req.path) ? 'open' : (operationOf(c.req.method, c.req.path)?.need ?? null);
    if (need === 'open' || need === 'lease') return next();
    const identified = await access.identify(request);
    if (!identified.ok) return refuse(c, identified);
    const { principal } = identified;
    // Also where it is refused below: the audit says to whom.
    c.set('principal', principal);
    if (need === 'undeclared') return problem(c, 403, 'not-allowed', 'Nobody may do this.');
    if (need === null && !isForReading(c)) return unknownOperation(c);
    if (need !== null && !may(principal, need, true))
      return problem(c, 403, 'not-allowed', refusalOf(principal, need));
    // A key made meanwhile would outlive the hour, and open what is theirs without a trace of who made it.
    if (principal.impersonator !== null && need === 'account.change')
      return problem(
        c,
        403,
        'impersonating',
        'While you act as somebody else you may not change their account.',
      );
    const { incoming, outgoing } = c.env as Partial<HttpBindings>;
    if (incoming === undefined || outgoing === undefined) return next();
    const asked = { request, principal, need, end: () => void incoming.socket.destroy() };
    return access.underWay.answer(asked, next, (done) => outgoing.once('close', done));
  };

/** Who asks. For routes that need somebody: the guard has let nobody else in. */
export function principalOf(c: Context): Principal {
  const principal: Principal | undefined = c.get('principal');
  if (principal === undefined) throw new Error(`${c.req.path} asks who it is of a request that needs nobody`);
  return principal;
}

function refuse(c: Context, decision: Refusal) {
  if (decision.status === 401) c.header('www-authenticate', 'Bearer realm="Parallel Pilot"');
  if (decision.status === 429) c.header('retry-after', '60');
  return problem(c, decision.status, decision.code, decision.message);
}

export function accessRequestOf(c: Context): AccessRequest {
  const { incoming } = c.env as Partial<HttpBindings>;
  const address = incoming?.socket.remoteAddress ?? 'unknown';
  return { method: c.req.method, headers: incoming?.headers ?? c.req.header(), address };
}

/** What is no operation, and open to whoever is known: the API's description, and what tus says of itself. */
const isForReading = ({ req: { method, path } }: Context): boolean =>
  method === 'OPTIONS' || /^\/api\/(docs(\/|$)|v1\/openapi\.json$)/.test(path);

/** The site's own files and health, which are open to anyone. */
const isSite = (path: string): boolean => !path.startsWith('/api/') && path !== '/api';
