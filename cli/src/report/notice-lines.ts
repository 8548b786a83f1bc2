import type { NoticeView } from '@parallel-pilot/shared/api/notices.ts';
import type { ChannelLog, ChannelView } from '@parallel-pilot/shared/api/notifications.ts';
import { noticeTitle } from '@parallel-pilot/shared/model/notice.ts';
import { table } from '../text/columns.ts';
import { ago } from '../text/units.ts';

type Sent = ChannelLog['notices'][number];
/** Something that was told, by a channel or on the site alone. */
export type Told = { isNew: boolean } & (
  | { channel: ChannelView; notice: Sent }
  | { channel?: undefined; notice: NoticeView }
);

/** What people call a way to be told: its address, or what the browser is called. */
export const channelName = ({ address, name, id }: ChannelView): string => address ?? (name || id);

/** What was told, with how it fared. */
export function noticeTable(told: readonly Told[], now: number, width: number): string[] {
  const rows = told.map((one) => [
    ago(one.notice.at, now),
    one.isNew ? 'new' : '',
    ...(one.channel === undefined ? ['', 'the site'] : [stateOf(one.notice), channelName(one.channel)]),
    titleOf(one),
  ]);
  return table(['WHEN', '', 'STATE', 'BY', 'WHAT'], rows, width);
}

const titleOf = ({ notice: { event, job, message } }: Told): string =>
  `${noticeTitle(event, job?.name ?? '')}${message === '' ? '' : `: ${message}`}`;

function stateOf({ state, tries }: Sent): string {
  if (state === 'sent') return 'arrived';
  if (state === 'given-up') return 'given up';
  return tries.length === 0 ? 'waits' : `tried ${tries.length} times`;
}

export function channelTable(channels: readonly ChannelView[], width: number): string[] {
  const rows = channels.map((one) => [
    one.id,
    one.type,
    channelName(one),
    one.events.join(', ') || 'nothing',
    one.failing === null ? '' : one.failing.problem,
  ]);
  return table(['CHANNEL', 'TYPE', 'ADDRESS', 'TELLS OF', 'TROUBLE'], rows, width);
}
