import {
  ChannelLog,
  ChannelView,
  MadeChannel,
  type NewChannel,
  Notifications,
} from '@parallel-pilot/shared/api/notifications.ts';
import type { NoticeEvent } from '@parallel-pilot/shared/model/notice.ts';
import { queryOptions } from '@tanstack/react-query';
import type { z } from 'zod';
import { command, request } from './request.ts';

/** How whoever looks is told of their jobs. */
const path = '/api/v1/account/notifications';
const of = (channel: string): string => `${path}/${encodeURIComponent(channel)}`;

export const getNotifications = (signal?: AbortSignal) => request(Notifications, path, { signal });
export const makeChannel = (body: z.input<typeof NewChannel>) =>
  request(MadeChannel, path, { method: 'POST', body });
export const changeChannel = (channel: string, events: NoticeEvent[]) =>
  request(ChannelView, of(channel), { method: 'PATCH', body: { events } });
export const removeChannel = (channel: string) => command(of(channel), { method: 'DELETE' });
export const testChannel = (channel: string) => command(`${of(channel)}/test`, { method: 'POST' });
const getLog = (channel: string, signal: AbortSignal) =>
  request(ChannelLog, `${of(channel)}/log`, { signal });

export const notificationsQuery = () =>
  queryOptions({ queryKey: ['notifications'], queryFn: ({ signal }) => getNotifications(signal) });
export const channelLogQuery = (channel: string) =>
  queryOptions({
    queryKey: ['notifications', channel],
    queryFn: ({ signal }) => getLog(channel, signal),
    refetchInterval: 3_000,
  });
