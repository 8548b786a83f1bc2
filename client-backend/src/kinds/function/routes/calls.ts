import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { CallDetail, CallList, type CallRecord } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { callsOf, findCall, type ListedCall } from '@parallel-pilot/shared/server/db/call-records.ts';
import type { CallRow } from '@parallel-pilot/shared/server/db/calls.ts';
import { findFunction } from '@parallel-pilot/shared/server/db/functions.ts';
import { z } from 'zod';
import { principalOf } from '../../../auth/guard.ts';
import { needs } from '../../../auth/needs.ts';
import { newRoutes, problem, problems } from '../../../http/problems.ts';
import type { Parts } from '../../../parts.ts';
import { answerOf, eventOf } from '../desk/call-repeats.ts';
import { sendAnswer, unknownFunction } from './answers.ts';

/** The records of calls. */
export function callRoutes({ db, blobs }: Parts): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const row = await findFunction(db, principalOf(c).team, c.req.valid('param').name);
    if (row === undefined) return unknownFunction(c);
    const { before, limit, failed } = c.req.valid('query');
    const [at = '', id = ''] = before?.split(' ') ?? [];
    const from = before === undefined ? null : { at: Number(at), id };
    const rows = await callsOf(db, row.id, { before: from, limit, failed: failed === 'true' });
    const last = rows.length < limit ? undefined : rows.at(-1);
    const next = last === undefined ? null : `${last.created_at} ${last.id}`;
    return c.json({ calls: rows.map(recordOf), next }, 200);
  });
  routes.openapi(one, async (c) => {
    const { name, call } = c.req.valid('param');
    const row = await findFunction(db, principalOf(c).team, name);
    if (row === undefined) return unknownFunction(c);
    const found = await findCall(db, row.id, call);
    if (found === undefined)
      return problem(c, 404, 'call-unknown', `${name} has no call ${call}, or its record was let go.`);
    const answer = found.answer_json === null ? null : JSON.parse(found.answer_json);
    return c.json({ ...recordOf(found), answer, ...filesOf(name, found) }, 200);
  });
  routes.openapi(answer, async (c) => {
    const { name, call } = c.req.valid('param');
    const row = await findFunction(db, principalOf(c).team, name);
    if (row === undefined) return unknownFunction(c) as never;
    const found = await findCall(db, row.id, call);
    const answer = found?.state === 'done' ? answerOf(found) : null;
    if (answer === null) {
      const message = `There is no answer of a call ${call} of ${name}: it is not over, has failed, or nothing was kept of it.`;
      return problem(c, 404, 'answer-unknown', message) as never;
    }
    if (typeof answer !== 'string') return (await sendAnswer(c, blobs, answer)) as never;
    return c.body(answer, 200, { 'content-type': 'application/json' }) as never;
  });
  return routes;
}

function filesOf(name: string, row: CallRow): Pick<CallDetail, 'answerFile' | 'eventFile'> {
  const kept = answerOf(row);
  const event = eventOf(row);
  const path = `/api/v1/functions/${name}/calls/${row.id}/answer`;
  return {
    answerFile: kept === null || typeof kept === 'string' ? null : { ...kept, path },
    eventFile: typeof event === 'string' ? null : { hash: event.hash, size: event.size },
  };
}

const recordOf = (row: ListedCall): CallRecord => ({
  id: row.id,
  version: row.version,
  how: row.how,
  state: row.state,
  code: row.code,
  message: row.message,
  log: row.log ?? '',
  worker: row.worker_id,
  attempts: row.attempts,
  ms: row.ms,
  createdAt: row.created_at,
  endedAt: row.ended_at,
});

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const tags = ['Functions'];
const param = z.object({ name: FunctionName });

const list = createRoute({
  method: 'get',
  path: '/api/v1/functions/{name}/calls',
  ...needs('jobs.see'),
  tags,
  summary: 'Calls of a function as they were recorded, the newest first, in pages',
  request: {
    params: param,
    query: z.object({
      before: z
        .string()
        .regex(/^\d{1,16} cal_[0-9a-z]{8,40}$/)
        .optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      failed: z.enum(['true', 'false']).default('false'),
    }),
  },
  responses: { 200: { description: 'Calls', content: json(CallList) }, ...problems(400, 404) },
});
const one = createRoute({
  method: 'get',
  path: '/api/v1/functions/{name}/calls/{call}',
  ...needs('jobs.see'),
  tags,
  summary: 'A call, with its answer where nobody waited for it or it has an idempotency key',
  request: { params: param.extend({ call: CallId }) },
  responses: { 200: { description: 'The call', content: json(CallDetail) }, ...problems(400, 404) },
});
const answer = createRoute({
  method: 'get',
  path: '/api/v1/functions/{name}/calls/{call}/answer',
  ...needs('jobs.see'),
  tags,
  summary: 'The answer of a call by itself, where nobody waited for it or it has an idempotency key',
  request: { params: param.extend({ call: CallId }) },
  responses: {
    200: { description: 'What the handler answered', content: json(z.unknown()) },
    ...problems(400, 404, 502),
  },
});
