import { NoticeList, type ReadNotices, UnreadNotices } from '@parallel-pilot/shared/api/notices.ts';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

/** What whoever looks was told of their jobs. */
const path = '/api/v1/account/notices';

/** How many they have not looked at. What is new comes by the room `notices`; the rest is for when that is lost. */
export const unreadQuery = () =>
  queryOptions({
    queryKey: ['notices', 'unread'],
    queryFn: async ({ signal }) => (await request(NoticeList, `${path}?limit=0`, { signal })).unread,
    refetchInterval: 60_000,
  });

export const noticesQuery = () =>
  queryOptions({
    queryKey: ['notices', 'list'],
    queryFn: ({ signal }) => request(NoticeList, path, { signal }),
  });

export const readNotices = async (which: ReadNotices): Promise<number> =>
  (await request(UnreadNotices, `${path}/read`, { method: 'POST', body: which })).unread;
