import { ActionIcon } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import { IconBell } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useMatch } from 'react-router';
import { readNotices, unreadQuery } from '../api/notices.ts';
import { useMay } from '../api/session.ts';
import { plural } from '../components/format.ts';
import { useRoom } from '../live/LiveProvider.tsx';
import classes from './Shell.module.css';

/** How much somebody was told that is new to them, and the way there. What is told of a job is read with its page. */
export function NoticeBell() {
  useRoom('notices');
  const { data: unread = 0 } = useQuery(unreadQuery());
  useReadWithJob(unread);
  const label = unread === 0 ? 'Notifications' : `Notifications: ${plural(unread, 'new one')}`;
  return (
    <ActionIcon
      component={Link}
      to="/notifications"
      variant="subtle"
      color="gray"
      size="lg"
      className={classes.bell ?? ''}
      aria-label={label}
      title={label}
    >
      <IconBell size={19} aria-hidden />
      {unread > 0 && (
        <span className={classes.unread} aria-hidden>
          {unread > 99 ? '99+' : unread}
        </span>
      )}
    </ActionIcon>
  );
}

/** An admin who looks with another's eyes reads nothing for them: `account.change` is not theirs then. */
function useReadWithJob(unread: number): void {
  const queries = useQueryClient();
  const reads = useMay()('account.change');
  const job = useMatch('/jobs/:id')?.params.id ?? null;
  const seen = useDocumentVisibility() === 'visible';
  const { mutate } = useMutation({
    mutationFn: (id: string) => readNotices({ job: id as never }),
    onSuccess: (left) => {
      queries.setQueryData(unreadQuery().queryKey, left);
      void queries.invalidateQueries({ queryKey: ['notices', 'list'] });
    },
  });
  useEffect(() => {
    if (reads && seen && job !== null && unread > 0) mutate(job);
  }, [reads, seen, job, unread, mutate]);
}
