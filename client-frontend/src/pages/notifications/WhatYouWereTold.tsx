import { Button } from '@mantine/core';
import type { NoticeView } from '@parallel-pilot/shared/api/notices.ts';
import { noticePath, noticeTitle } from '@parallel-pilot/shared/model/notice.ts';
import { IconChecks } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { noticesQuery, readNotices } from '../../api/notices.ts';
import { useMay } from '../../api/session.ts';
import { useNow } from '../../components/clock.ts';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import people from '../people/People.module.css';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import classes from './Notifications.module.css';

/** The newest of what somebody was told in the team that they act in, and what of it they have not looked at. */
export function WhatYouWereTold() {
  const { data, error } = useQuery(noticesQuery());
  const reads = useMay()('account.change');
  const read = useChange((shown: number[]) => readNotices({ shown }), { changes: [['notices']] });
  const shown = data?.notices.map(({ id }) => id) ?? [];
  const unread = data?.unread ?? 0;
  return (
    <Panel
      title="What you were told"
      aside={
        reads &&
        shown.length > 0 && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconChecks size={16} aria-hidden />}
            disabled={unread === 0}
            loading={read.isPending}
            onClick={() => read.mutate(shown)}
          >
            Mark all read
          </Button>
        )
      }
    >
      {data === undefined && <Refused error={error} />}
      {data?.notices.length === 0 && (
        <p className={people.empty}>
          Nothing in the last two weeks. What happens to your jobs will stand here.
        </p>
      )}
      {shown.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <ul className={classes.told} aria-label="What you were told" tabIndex={0}>
          {data?.notices.map((notice) => (
            <Told key={notice.id} notice={notice} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Told({ notice: { event, job, whole, message, at, isNew } }: { notice: NoticeView }) {
  const now = useNow(10_000);
  return (
    <li data-new={isNew || undefined}>
      <Link to={noticePath(job.id, whole)}>{noticeTitle(event, job.name)}</Link>
      {isNew && <span className={people.mark}>new</span>}
      <small>
        {formatAgo(at, now)} · {message}
      </small>
    </li>
  );
}
