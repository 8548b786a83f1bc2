import { Button, CloseButton, Group, Menu } from '@mantine/core';
import type { Action } from '@parallel-pilot/shared/access/permissions.ts';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { IconArrowsSort, IconChartLine, IconRefresh, IconTrash, IconX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { sentenceOf } from '../../api/request.ts';
import { useMay, useSession } from '../../api/session.ts';
import { notify } from '../../app/notify.ts';
import { Ask } from '../../components/Ask.tsx';
import { formatBytes, formatCount, plural } from '../../components/format.ts';
import { compareAddress } from '../../job/comparable.ts';
import { PRIORITIES } from '../../job/priorities.ts';
import { dropJob } from '../../live/job-rows.ts';
import { actOn, type BulkAction, doneInWords, doWithAll, fitting } from './bulk-actions.ts';
import classes from './Jobs.module.css';

type SelectionBarProps = {
  jobs: readonly JobSummary[];
  total: number;
  onSelectAll(): void;
  onClear(): void;
};

/** What may be done with the selected jobs. */
export function SelectionBar({ jobs, total, onSelectAll, onClear }: SelectionBarProps) {
  const [asked, setAsked] = useState<'cancel' | 'delete' | null>(null);
  const { run, progress } = useBulk(onClear);
  const may = useMay();
  const me = useSession()?.person?.id;
  const allowed = (action: Action) => jobs.filter(({ person }) => may(action, person === me));
  const cancelable = fitting(allowed('jobs.steer'), 'cancel');
  const retryable = fitting(allowed('jobs.steer'), 'retry');
  const movable = fitting(allowed('jobs.prioritise'), 'priority');
  const removable = allowed('jobs.delete');
  const bytes = jobs.reduce((sum, job) => sum + (job.bytes ?? 0), 0);
  const working = progress !== null;
  const compared = compareAddress(jobs);
  return (
    <section className={classes.selection} aria-label="Selected jobs">
      <CloseButton aria-label="Select none" onClick={onClear} disabled={working} />
      <div className={classes.selected} role="status">
        <b>
          {working
            ? `${formatCount(progress)} of ${plural(jobs.length, 'job')}…`
            : `${plural(jobs.length, 'job')} selected`}
        </b>
        {bytes > 0 && <span>{formatBytes(bytes)}</span>}
      </div>
      {jobs.length < total && (
        <Button variant="subtle" size="compact-sm" onClick={onSelectAll} disabled={working}>
          Select all {formatCount(total)}
        </Button>
      )}
      <Group gap={8} ml="auto">
        {compared !== null && (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconChartLine size={16} aria-hidden />}
            component={Link}
            to={compared}
          >
            Compare
          </Button>
        )}
        {retryable.length > 0 && (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconRefresh size={16} aria-hidden />}
            disabled={working}
            onClick={() => void run(retryable, { do: 'retry' })}
          >
            Retry {formatCount(retryable.length)}
          </Button>
        )}
        {movable.length > 0 && (
          <Menu position="top-end" width={210}>
            <Menu.Target>
              <Button
                variant="default"
                size="sm"
                leftSection={<IconArrowsSort size={16} aria-hidden />}
                disabled={working}
              >
                Priority
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {PRIORITIES.map(({ value, label }) => (
                <Menu.Item key={value} onClick={() => void run(movable, { do: 'priority', priority: value })}>
                  {label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        {cancelable.length > 0 && (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconX size={16} aria-hidden />}
            disabled={working}
            onClick={() => setAsked('cancel')}
          >
            Cancel {formatCount(cancelable.length)}
          </Button>
        )}
        {removable.length > 0 && (
          <Button
            variant="default"
            c="var(--berry-ink)"
            size="sm"
            leftSection={<IconTrash size={16} aria-hidden />}
            disabled={working}
            onClick={() => setAsked('delete')}
          >
            Delete {formatCount(removable.length)}
          </Button>
        )}
      </Group>
      <Ask
        opened={asked === 'cancel'}
        title={`Cancel ${plural(cancelable.length, 'job')}?`}
        text="What is done stays. The rest is not done, until you take it up again."
        keep="Go on"
        go={`Cancel ${plural(cancelable.length, 'job')}`}
        onClose={() => setAsked(null)}
        onGo={() => {
          setAsked(null);
          void run(cancelable, { do: 'cancel' });
        }}
      />
      <Ask
        opened={asked === 'delete'}
        title={`Delete ${plural(removable.length, 'job')}?`}
        text={`${cancelable.length > 0 ? `${formatCount(cancelable.length)} of them still ${cancelable.length === 1 ? 'goes' : 'go'} on. ` : ''}Their results are deleted with them. This cannot be undone.`}
        keep="Keep them"
        go={`Delete ${plural(removable.length, 'job')}`}
        onClose={() => setAsked(null)}
        onGo={() => {
          setAsked(null);
          void run(removable, { do: 'delete' });
        }}
      />
    </section>
  );
}

/** Does it with all, tells how far it is and what came of it. */
function useBulk(onDone: () => void) {
  const queries = useQueryClient();
  const [progress, setProgress] = useState<number | null>(null);
  const run = async (jobs: readonly JobSummary[], action: BulkAction) => {
    setProgress(0);
    const act = async (job: JobSummary) => {
      await actOn(job.id, action);
      if (action.do === 'delete') dropJob(queries, job.id);
    };
    const { done, refused } = await doWithAll(jobs, act, setProgress);
    setProgress(null);
    void queries.invalidateQueries({ queryKey: ['job-counts'] });
    if (action.do === 'delete') void queries.invalidateQueries({ queryKey: ['storage'] });
    if (done.length > 0) notify({ message: doneInWords(action, done.length) });
    const [first] = refused;
    if (first === undefined) return onDone();
    notify({
      color: 'berry',
      title: `With ${plural(refused.length, 'job')} that did not work`,
      message: `${first.job.name}: ${sentenceOf(first.error)}`,
    });
  };
  return { run, progress };
}
