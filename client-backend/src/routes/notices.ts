import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import {
  NoticeList,
  NoticeListQuery,
  type NoticeView,
  ReadNotices,
  UnreadNotices,
} from '@parallel-pilot/shared/api/notices.ts';
import { NoticeSubject } from '@parallel-pilot/shared/model/notice.ts';
import {
  countUnread,
  markRead,
  type PersonNoticeRow,
  personNotices,
} from '@parallel-pilot/shared/server/db/person-notices.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problems } from '../http/problems.ts';
import type { Parts } from '../parts.ts';
import { json } from './people-answers.ts';

/** What whoever asks was told of their jobs in this team, and what of it they have looked at. */
export function noticeRoutes({ db, clock, live }: Pick<Parts, 'db' | 'clock' | 'live'>): OpenAPIHono {
  const routes = newRoutes();
  const of = ({ person, team }: Principal) => ({ person, team });
  routes.openapi(list, async (c) => {
    const { limit } = c.req.valid('query');
    const by = of(principalOf(c));
    const rows = limit === 0 ? [] : await personNotices(db, by, limit);
    return c.json({ unread: await countUnread(db, by), notices: rows.map(viewOf) }, 200);
  });
  routes.openapi(read, async (c) => {
    const by = of(principalOf(c));
    if (await markRead(db, by, c.req.valid('json'), clock())) live.noticesChanged(by.person);
    return c.json({ unread: await countUnread(db, by) }, 200);
  });
  return routes;
}

function viewOf(row: PersonNoticeRow): NoticeView {
  const { name, message, whole } = NoticeSubject.parse(JSON.parse(row.subject_json));
  const { id, event, at, is_read } = row;
  return { id, event, job: { id: row.job_id, name }, whole, message, at, isNew: is_read === 0 };
}

const tags = ['Account'];
const path = '/api/v1/account/notices' as const;

const list = createRoute({
  method: 'get',
  path,
  ...needs('account.see'),
  tags,
  summary: 'What I was told of my jobs in the last two weeks, and what of it is new to me',
  request: { query: NoticeListQuery },
  responses: { 200: json(NoticeList, 'The newest first'), ...problems(400) },
});
const read = createRoute({
  method: 'post',
  path: `${path}/read`,
  ...needs('account.change'),
  tags,
  summary: 'I have looked at what I was told of a job, or at all up to one',
  request: { body: { required: true, ...json(ReadNotices) } },
  responses: { 200: json(UnreadNotices, 'What is new still'), ...problems(400) },
});
