import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import {
  AskForDevice,
  DeviceAnswer,
  DeviceCode,
  DeviceView,
  PollDevice,
  UserCode,
} from '@parallel-pilot/shared/api/people.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs, doerOf } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problems } from '../http/problems.ts';
import { addressFor } from '../people/addresses.ts';
import {
  approveDevice,
  askForDevice,
  INTERVAL_SECONDS,
  pollDevice,
  refuseDevice,
  waitingCode,
} from '../people/device-codes.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { refuse } from '../people/refusal.ts';
import { answer, json } from './people-answers.ts';

/** `pilot login`: a program gets a key once somebody who is signed in has said so in a browser. */
export function deviceCodeRoutes(parts: PeopleParts): OpenAPIHono {
  const routes = newRoutes();
  const asked = countAttempts(parts.clock);
  const guesses = countAttempts(parts.clock);
  routes.openapi(ask, async (c) => {
    const { address } = doerOf(c, parts);
    if (asked.failed(peerOf(address)) > MOST_ATTEMPTS) return answer(c, TOO_OFTEN);
    const code = await askForDevice(parts, c.req.valid('json'), address);
    if (!code.ok) return answer(c, code);
    const { deviceCode, userCode, expiresAt } = code;
    c.header('cache-control', 'no-store');
    const url = addressFor(c, parts, `/device#${userCode}`);
    return c.json({ deviceCode, userCode, url, expiresAt, interval: INTERVAL_SECONDS }, 201);
  });
  routes.openapi(poll, async (c) => {
    const polled = await pollDevice(parts, c.req.valid('json').deviceCode);
    if (!polled.ok) return answer(c, polled);
    c.header('cache-control', 'no-store');
    return c.json(polled.answer, 200);
  });
  /** Nobody tries codes out until one fits. */
  const known = async <T extends { ok: boolean; code?: string }>(
    c: Context,
    find: () => Promise<T>,
  ): Promise<T | typeof TOO_OFTEN> => {
    const { person } = principalOf(c);
    if (guesses.exhausted(person)) return TOO_OFTEN;
    const found = await find();
    if (found.code === 'not-found') guesses.failed(person);
    return found;
  };
  routes.openapi(look, async (c) => {
    const { userCode } = c.req.valid('param');
    const found = await known(c, () => waitingCode(parts, userCode));
    return found.ok ? c.json(found.view, 200) : answer(c, found);
  });
  routes.openapi(approve, async (c) => {
    const { userCode } = c.req.valid('param');
    const approved = await known(c, () => approveDevice(parts, userCode, principalOf(c)));
    if (!approved.ok) return answer(c, approved);
    auditAs(c, 'device.approve', approved.name);
    return c.json({}, 200);
  });
  routes.openapi(refuseIt, async (c) => {
    const { userCode } = c.req.valid('param');
    const refused = await known(c, () => refuseDevice(parts, userCode));
    if (!refused.ok) return answer(c, refused);
    auditAs(c, 'device.refuse');
    return c.json({}, 200);
  });
  return routes;
}

const TOO_OFTEN = refuse(
  429,
  'too-many-attempts',
  'Too many codes were asked for or tried out. Wait a minute.',
);

const tags = ['Session'];
const path = '/api/v1/device-codes';
const params = z.object({ userCode: UserCode });
const done = { 200: json(z.object({}), 'Done'), ...problems(400, 403, 404, 429) };

const ask = createRoute({
  method: 'post',
  path,
  ...needs('open'),
  tags,
  summary: 'Ask for a key for a program, which somebody approves in a browser',
  request: { body: { required: true, ...json(AskForDevice) } },
  responses: { 201: json(DeviceCode, 'What to show, and what to ask with'), ...problems(400, 429) },
});

const poll = createRoute({
  method: 'post',
  path: `${path}/poll`,
  ...needs('open'),
  tags,
  summary: 'What became of it',
  request: { body: { required: true, ...json(PollDevice) } },
  responses: { 200: json(DeviceAnswer, 'The key is shown this once'), ...problems(400, 404) },
});

const look = createRoute({
  method: 'get',
  path: `${path}/{userCode}`,
  ...needs('account.see'),
  tags,
  summary: 'Which program waits with this code',
  request: { params },
  responses: {
    200: json(DeviceView, 'What it says it is, and what it asks for'),
    ...problems(400, 404, 429),
  },
});

const approve = createRoute({
  method: 'post',
  path: `${path}/{userCode}/approve`,
  ...needs('account.change'),
  tags,
  summary: 'Let a program act as me, in the team that I act in',
  request: { params },
  responses: done,
});

const refuseIt = createRoute({
  method: 'post',
  path: `${path}/{userCode}/refuse`,
  ...needs('account.change'),
  tags,
  summary: 'Let a program not in',
  request: { params },
  responses: done,
});
