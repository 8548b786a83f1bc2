import { CALL_PROBLEMS } from '@parallel-pilot/shared/kinds/function/calls.ts';
import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { problem } from '../../../http/problems.ts';
import type { CallResult } from '../desk/call-result.ts';

/** What a call came to, as the answer to the request that made it. `call` names its record. */
export function answerOf(c: Context, call: CallId, result: CallResult, replayed = false): Response {
  c.header('cache-control', 'no-store');
  if (replayed) c.header('idempotency-replayed', 'true');
  c.header('pilot-call', call);
  if (result.ok) {
    c.header('server-timing', `handler;dur=${result.ms.toFixed(1)}`);
    return c.body(result.answer, 200, { 'content-type': 'application/json' });
  }
  const { status } = CALL_PROBLEMS[result.code];
  if (status === 429 || status === 503) c.header('retry-after', '1');
  return problem(c, status as ContentfulStatusCode, `function/${result.code}`, result.message);
}

export const unknownFunction = (c: Context) =>
  problem(
    c,
    404,
    'function-unknown',
    `There is no function "${c.req.param('name') ?? c.req.param('id')}". "pilot function list" shows those that there are.`,
  );
