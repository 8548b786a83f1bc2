import { Modal } from '@mantine/core';
import type { ChannelView, ChannelLog as Log } from '@parallel-pilot/shared/api/notifications.ts';
import { noticeTitle } from '@parallel-pilot/shared/model/notice.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { channelLogQuery } from '../../api/notifications.ts';
import { formatAgo } from '../../components/format.ts';
import { Refused } from '../people/Refused.tsx';
import { Secret } from '../people/Secret.tsx';
import classes from './Notifications.module.css';

/** What was told by it, or is to be, with each try. */
export function ChannelLog({
  channel,
  what,
  onClose,
}: {
  channel: ChannelView;
  what: string;
  onClose(): void;
}) {
  const { data, error } = useQuery(channelLogQuery(channel.id));
  return (
    <Modal opened onClose={onClose} title={`What ${what} was told`} size="lg" centered>
      {data === undefined && <Refused error={error} />}
      {data?.notices.length === 0 && <p>Nothing in the last two weeks.</p>}
      <ul className={classes.log}>
        {data?.notices.map((notice) => (
          <Told key={notice.id} notice={notice} />
        ))}
      </ul>
      {typeof data?.secret === 'string' && (
        <Secret text="Its requests are signed with this secret." value={data.secret} />
      )}
    </Modal>
  );
}

const STATES = { waiting: 'To be sent', sent: 'Sent', 'given-up': 'Given up' } as const;

function Told({ notice }: { notice: Log['notices'][number] }) {
  const { event, job, message, at, state, tries, id } = notice;
  const title = noticeTitle(event, job?.name ?? '');
  const now = Date.now();
  return (
    <li>
      {job === null ? title : <Link to={`/jobs/${job.id}`}>{title}</Link>}
      <small>{message}</small>
      <small data-bad={state === 'given-up' || undefined}>
        {STATES[state]} · {formatAgo(at, now)} · {id}
      </small>
      {tries.toReversed().map((tried) => (
        <small key={tried.at} data-bad={tried.problem !== null || undefined}>
          {formatAgo(tried.at, now)}: {tried.problem ?? 'It arrived'}
          {tried.problem === null && (tried.status === null ? '.' : `, answered with ${tried.status}.`)}
        </small>
      ))}
    </li>
  );
}
