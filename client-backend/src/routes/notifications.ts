import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import {
  ChannelLog,
  ChannelPatch,
  ChannelView,
  MadeChannel,
  NewChannel,
  Notifications,
} from '@parallel-pilot/shared/api/notifications.ts';
import { NoticeChannelId } from '@parallel-pilot/shared/model/ids.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import {
  addTestNotice,
  type ChannelRow,
  changeChannel,
  type NoticeRow,
  noticesOf,
  removeChannels,
} from '@parallel-pilot/shared/server/db/notices.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { idOf, noticeOf } from '../notices/messages.ts';
import { vapidKeys } from '../notices/notice-keys.ts';
import { emailOf, makeChannel, myChannels, secretOf, viewOfChannel } from '../people/notice-channels.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { answer, json } from './people-answers.ts';

const MOST_SHOWN = 100;

/** How whoever asks is told of their jobs. */
export function notificationRoutes(parts: PeopleParts): OpenAPIHono {
  const { db, clock } = parts;
  const routes = newRoutes();
  const { publicKey: pushKey } = vapidKeys(parts.secrets.signingKey);
  const find = async (c: Context, id: string): Promise<ChannelRow | undefined> =>
    (await myChannels(parts, principalOf(c))).find((channel) => channel.id === id);
  const unknown = (c: Context) =>
    problem(c, 404, 'not-found', 'You are told in no such way, or not any more.');

  routes.openapi(look, async (c) => {
    const by = principalOf(c);
    const channels = (await myChannels(parts, by)).map(viewOfChannel);
    return c.json({ channels, pushKey, email: await emailOf(parts, by) }, 200);
  });
  routes.openapi(make, async (c) => {
    const made = await makeChannel(parts, principalOf(c), c.req.valid('json'));
    if (!made.ok) return answer(c, made);
    const { channel, secret } = made;
    auditAs(c, 'account.change', channel.id, { told: channel.type, events: channel.events });
    c.header('cache-control', 'no-store');
    return c.json({ channel: viewOfChannel(channel), secret }, 201);
  });
  routes.openapi(change, async (c) => {
    const { channel: id } = c.req.valid('param');
    const { events } = c.req.valid('json');
    const channel = await find(c, id);
    const of = { id, person: principalOf(c).person };
    if (channel === undefined || !(await changeChannel(db, of, { events: events.join() }))) return unknown(c);
    auditAs(c, 'account.change', id, { told: channel.type, events: events.join() });
    return c.json(viewOfChannel({ ...channel, events: events.join() }), 200);
  });
  routes.openapi(remove, async (c) => {
    const { channel: id } = c.req.valid('param');
    const channel = await find(c, id);
    if (channel === undefined) return unknown(c);
    await inTransaction(db, (db) => removeChannels(db, [id]));
    auditAs(c, 'account.change', id, { told: channel.type, events: '' });
    return c.body(null, 204);
  });
  routes.openapi(log, async (c) => {
    const channel = await find(c, c.req.valid('param').channel);
    if (channel === undefined) return unknown(c);
    const rows = await noticesOf(db, channel.id, MOST_SHOWN);
    c.header('cache-control', 'no-store');
    const secret = may(principalOf(c), 'account.change') ? secretOf(parts, channel) : null;
    return c.json({ secret, notices: rows.map(viewOfNotice) }, 200);
  });
  routes.openapi(test, async (c) => {
    const channel = await find(c, c.req.valid('param').channel);
    if (channel === undefined) return unknown(c);
    const recent = (await noticesOf(db, channel.id, 1)).find(
      ({ event, at }) => event === 'test' && at > clock() - TEST_EVERY_MS,
    );
    if (recent !== undefined)
      return problem(c, 429, 'too-often', 'One was sent a moment ago. Try again in ten seconds.');
    await addTestNotice(db, channel.id, clock());
    return c.body(null, 202);
  });
  return routes;
}

const TEST_EVERY_MS = 10_000;

function viewOfNotice(row: NoticeRow): ChannelLog['notices'][number] {
  const notice = noticeOf(row);
  const { event, job, subject, at } = notice;
  return {
    id: idOf(notice),
    event,
    job: job === null ? null : { id: job, name: subject.name },
    message: subject.message,
    at,
    state: row.state,
    nextAt: row.state === 'waiting' ? row.next_at : null,
    tries: row.tries_json === null ? [] : JSON.parse(row.tries_json),
  };
}

const tags = ['Account'];
const path = '/api/v1/account/notifications' as const;
const of = `${path}/{channel}` as const;
const params = z.object({ channel: NoticeChannelId });

const look = createRoute({
  method: 'get',
  path,
  ...needs('account.see'),
  tags,
  summary: 'How I am told of my jobs',
  responses: { 200: json(Notifications, 'What tells me, and what could') },
});
const make = createRoute({
  method: 'post',
  path,
  ...needs('account.change'),
  tags,
  summary: 'Be told of my jobs by a browser, by e-mail or by a webhook',
  request: { body: { required: true, ...json(NewChannel) } },
  responses: { 201: json(MadeChannel, 'It, with the secret of a webhook'), ...problems(400, 409, 422) },
});
const change = createRoute({
  method: 'patch',
  path: of,
  ...needs('account.change'),
  tags,
  summary: 'Choose what I am told by it',
  request: { params, body: { required: true, ...json(ChannelPatch) } },
  responses: { 200: json(ChannelView, 'As it is now'), ...problems(400, 404) },
});
const remove = createRoute({
  method: 'delete',
  path: of,
  ...needs('account.change'),
  tags,
  summary: 'Be told by it no more',
  request: { params },
  responses: { 204: { description: 'It tells nothing any more' }, ...problems(404) },
});
const log = createRoute({
  method: 'get',
  path: `${of}/log`,
  ...needs('account.see'),
  tags,
  summary: 'What it told me, or tried to, in the last two weeks',
  request: { params },
  responses: { 200: json(ChannelLog, 'The newest first'), ...problems(404) },
});
const test = createRoute({
  method: 'post',
  path: `${of}/test`,
  ...needs('account.change'),
  tags,
  summary: 'Have it tell me something, to see that it works',
  request: { params },
  responses: {
    202: { description: 'It is sent within seconds; the log says how that went' },
    ...problems(404, 429),
  },
});
