import type { ChannelLog, ChannelView } from '@parallel-pilot/shared/api/notifications.ts';
import { noticeTitle } from '@parallel-pilot/shared/model/notice.ts';
import { table } from '../text/columns.ts';
import { ago } from '../text/units.ts';

type Told = { channel: ChannelView; notice: ChannelLog['notices'][number] };

/** What people call a way to be told: its address, or what the browser is called. */
export const channelName = ({ address, name, id }: ChannelView): string => address ?? (name || id);

/** What was told, with how it fared. */
export function noticeTable(told: readonly Told[], now: number, width: number): string[] {
  const rows = told.map(({ channel, notice }) => [
    ago(notice.at, now),
    stateOf(notice),
    channelName(channel),
    `${noticeTitle(notice.event, notice.job?.name ?? '')}${notice.message === '' ? '' : `: ${notice.message}`}`,
  ]);
  return table(['WHEN', 'STATE', 'BY', 'WHAT'], rows, width);
}

function stateOf({ state, tries }: Told['notice']): string {
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
