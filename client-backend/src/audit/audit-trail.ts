import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import type { Context, MiddlewareHandler } from 'hono';
import type { Operation, OperationOf } from '../auth/operations.ts';
import type { Parts } from '../parts.ts';
import { actionOf } from './actions.ts';
import { audit, type Doer, doerOf, remarkOf } from './audit.ts';

type TrailParts = Pick<Parts, 'db' | 'clock' | 'log' | 'config'>;

/** Of refusals, which strangers can bring about without end, so many are recorded within a minute from all of them. */
const MOST_REFUSALS = 100;
const MINUTE_MS = 60_000;

/**
 * Records every request that changed something, by its operation, once it went well, and what was refused for who
 * asked. A route need not do anything for it; see `auditAs` for one that has more to say. Around everything else, so
 * that it hears of what the guard refuses too.
 */
export function auditTrail(parts: TrailParts, operationOf: OperationOf): MiddlewareHandler {
  const refusals = boundRefusals(parts);
  return async (c, next) => {
    await next();
    const { method, path } = c.req;
    const { status } = c.res;
    const refused = status === 401 || status === 403 || status === 429;
    if (!refused && (status >= 400 || !CHANGING.has(method))) return;
    const operation = operationOf(method, path);
    // Of accounts, the library says itself what was done: see account-events.ts.
    if (operation === null || operation.need === 'lease' || operation.name.includes(' /api/auth/')) return;
    try {
      if (!refused) await record(parts, c, operation);
      else await recordRefusal(parts, c, operation, refusals);
    } catch (err) {
      // What was asked for is done: taking the answer away would not undo it. The line says what the audit lacks.
      parts.log.error({ event: 'audit.not-written', method, path, err });
    }
  };
}

const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

async function record(parts: TrailParts, c: Context, { name, params }: Operation): Promise<void> {
  const remark = remarkOf(c);
  if (remark === null) return;
  const doer = doerOf(c, parts);
  if (remark !== undefined) {
    const by = { ...doer, principal: remark.by ?? doer.principal };
    await audit(parts, by, remark.action, remark.target, remark.detail as never);
    return;
  }
  const action = actionOf(name);
  // Who is nobody here and left no word of who they are now changed nothing of anybody's.
  if (action === null || (doer.principal === null && action === 'other')) return;
  const [target = (await madeIn(c)) ?? null, ...others] = Object.values(params);
  const detail = action === 'other' ? { operation: name } : others.length === 0 ? null : rest(params);
  await audit(parts, doer, action, target, detail as never);
}

const rest = (params: Record<string, string>) => Object.fromEntries(Object.entries(params).slice(1));

/** The id of what a request made: where it is to be found, or what the answer calls it. */
async function madeIn({ res }: Context): Promise<string | undefined> {
  const location = res.headers.get('location')?.split('/').at(-1);
  if (location !== undefined) return location;
  if (!res.headers.get('content-type')?.startsWith('application/json')) return undefined;
  const body: unknown = await res.clone().json();
  const id = (body as { id?: unknown } | null)?.id;
  return typeof id === 'string' && /^[a-z]{3}_[0-9a-z]{8,40}$/.test(id) ? id : undefined;
}

async function recordRefusal(
  parts: TrailParts,
  c: Context,
  { name, params }: Operation,
  isRecorded: (doer: Doer) => boolean,
): Promise<void> {
  const body: unknown = await c.res
    .clone()
    .json()
    .catch(() => null);
  const code = String((body as { code?: unknown } | null)?.code ?? c.res.status).slice(0, 64);
  // Whoever shows nothing is asked to sign in, as at each first visit.
  if (code === 'sign-in-required') return;
  const doer = doerOf(c, parts);
  if (!isRecorded(doer)) return;
  if (doer.principal === null && name.endsWith('/session'))
    return audit(parts, doer, 'session.refused', null, { code });
  await audit(parts, doer, 'access.refused', Object.values(params)[0] ?? null, { code, operation: name });
}

/** True while one more refusal is recorded: of a person, or of an address where nobody is known, whom others cannot hide behind. */
export function boundRefusals({ clock }: Pick<Parts, 'clock'>): (doer: Doer) => boolean {
  const byPerson = countAttempts(clock);
  const byAddress = countAttempts(clock);
  let minute = { count: 0, endsAt: 0 };
  return ({ principal, address }) => {
    if (principal !== null) return byPerson.failed(principal.person) <= MOST_ATTEMPTS;
    if (clock() >= minute.endsAt) minute = { count: 0, endsAt: clock() + MINUTE_MS };
    if (minute.count >= MOST_REFUSALS || byAddress.failed(peerOf(address)) > MOST_ATTEMPTS) return false;
    minute.count += 1;
    return true;
  };
}
