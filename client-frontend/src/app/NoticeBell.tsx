import { ActionIcon } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import type { ReadNotices } from '@parallel-pilot/shared/api/notices.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { IconBell } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { Link, useMatch } from 'react-router';
import { readNotices, unreadQuery } from '../api/notices.ts';
import { useMay } from '../api/session.ts';
import { plural } from '../components/format.ts';
import { useRoom } from '../live/LiveProvider.tsx';
import classes from './Shell.module.css';

/** How much somebody was told that is new to them, and the way there. What is told of a job, or of a pipeline or sweep, is read with its page. */
export function NoticeBell() {
  useRoom('notices');
  const { data: unread = 0 } = useQuery(unreadQuery());
  useReadWithPage(unread);
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
function useReadWithPage(unread: number): void {
  const queries = useQueryClient();
  const reads = useMay()('account.change');
  const shown = useShown();
  const seen = useDocumentVisibility() === 'visible';
  const { mutate } = useMutation({
    mutationFn: readNotices,
    onSuccess: (left) => {
      queries.setQueryData(unreadQuery().queryKey, left);
      void queries.invalidateQueries({ queryKey: ['notices', 'list'] });
    },
  });
  useEffect(() => {
    if (reads && seen && shown !== null && unread > 0) mutate(shown);
  }, [reads, seen, shown, unread, mutate]);
}

/** What the page is of that somebody is told of; null elsewhere. */
function useShown(): ReadNotices | null {
  const job = useMatch('/jobs/:id')?.params.id;
  const pipeline = useMatch('/pipelines/:id')?.params.id;
  const sweep = useMatch('/sweeps/:id')?.params.id;
  return useMemo(() => {
    if (job !== undefined) return { job: job as JobId };
    if (pipeline !== undefined) return { whole: { type: 'pipeline', id: pipeline } };
    return sweep === undefined ? null : { whole: { type: 'sweep', id: sweep } };
  }, [job, pipeline, sweep]);
}
