import { ActionIcon, Button, Menu } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isGrantable, isOver } from '@parallel-pilot/shared/model/job.ts';
import {
  IconBell,
  IconBellOff,
  IconCheck,
  IconDots,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconTrash,
  IconX,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, useSyncExternalStore } from 'react';
import { patchJob } from '../../api/farm.ts';
import { jobQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { notices } from '../../app/notices.ts';
import { showProblem, useJobCommand } from '../../job/job-command.ts';
import { useMayWith } from '../../job/may-with.ts';
import { PRIORITIES, placeOf } from '../../job/priorities.ts';
import { Again } from './Again.tsx';
import { ConfirmCancel, ConfirmDelete } from './Confirmations.tsx';

/** What may be done with the job as it stands. */
export function Actions({ job }: { job: JobDetail }) {
  const command = useJobCommand(job.id);
  const [asking, setAsking] = useState<'cancel' | 'delete' | null>(null);
  const more = useRef<HTMLButtonElement>(null);
  const over = isOver(job.state);
  const { steers, prioritises, deletes } = useMayWith(job);
  const submits = useMay()('jobs.submit');
  const unfinished = job.counts.failed + job.counts.canceled > 0;
  return (
    <>
      {steers && isGrantable(job.state) && (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={17} aria-hidden />}
          loading={command.isPending}
          onClick={() => command.mutate('pause')}
        >
          Pause
        </Button>
      )}
      {steers && job.state === 'paused' && (
        <Button
          leftSection={<IconPlayerPlay size={17} aria-hidden />}
          loading={command.isPending}
          onClick={() => command.mutate('resume')}
        >
          Resume
        </Button>
      )}
      {steers && job.state === 'canceled' && (unfinished || job.counts.total === 0) && (
        <Button
          variant="default"
          leftSection={<IconRefresh size={17} aria-hidden />}
          loading={command.isPending}
          onClick={() => command.mutate('retry')}
        >
          Take up again
        </Button>
      )}
      {/* Of a failed one it stands beside the reason. */}
      {submits && over && job.state !== 'failed' && <Again job={job} />}
      {steers && !over && (
        <Button
          variant="default"
          leftSection={<IconX size={17} aria-hidden />}
          onClick={() => setAsking('cancel')}
        >
          Cancel
        </Button>
      )}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon ref={more} variant="default" size={36} aria-label="More about this job">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {prioritises && !over && <Priorities job={job} />}
          <NoticesItem />
          {deletes && (
            <Menu.Item
              c="var(--berry-ink)"
              leftSection={<IconTrash size={16} />}
              onClick={() => setAsking('delete')}
            >
              Delete the job
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <ConfirmCancel
        kind={job.kind}
        opened={asking === 'cancel'}
        returnTo={more}
        onClose={() => setAsking(null)}
        onConfirm={() => command.mutate('cancel')}
      />
      <ConfirmDelete job={job} opened={asking === 'delete'} returnTo={more} onClose={() => setAsking(null)} />
    </>
  );
}

/** The switch for being told of jobs by this browser, all of them. */
function NoticesItem() {
  const choice = useSyncExternalStore(notices.subscribe, notices.get);
  const on = choice === 'on' || choice === 'push';
  if (!notices.possible()) return null;
  return (
    <Menu.Item
      leftSection={on ? <IconBellOff size={16} aria-hidden /> : <IconBell size={16} aria-hidden />}
      onClick={() => void notices.turn(on ? 'off' : 'on')}
    >
      {on ? 'Tell me no more of finished jobs' : 'Tell me of finished jobs'}
    </Menu.Item>
  );
}

function Priorities({ job }: { job: JobDetail }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (priority: number) => patchJob(job.id, { priority }),
    onSuccess: () => queries.invalidateQueries(jobQuery(job.id)),
    onError: showProblem,
  });
  return (
    <>
      <Menu.Label>Priority</Menu.Label>
      {PRIORITIES.map(({ value, label }) => (
        <Menu.Item
          key={value}
          leftSection={
            value === placeOf(job.priority) ? (
              <IconCheck size={16} aria-label="chosen" />
            ) : (
              <span style={{ width: 16, display: 'block' }} />
            )
          }
          onClick={() => change.mutate(value)}
        >
          {label}
        </Menu.Item>
      ))}
      <Menu.Divider />
    </>
  );
}
