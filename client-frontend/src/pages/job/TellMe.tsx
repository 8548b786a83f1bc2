import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { IconBell } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { Link } from 'react-router';
import { startedJobs } from '../../api/started-jobs.ts';
import { notices } from '../../app/notices.ts';
import classes from '../../job/Job.module.css';

/** Asked once, and only of somebody who has just begun something that takes its time. */
export function TellMe({ job }: { job: JobDetail }) {
  const choice = useSyncExternalStore(notices.subscribe, notices.get);
  if (choice !== null || !notices.possible() || !isGrantable(job.state)) return null;
  if (!startedJobs().includes(job.id)) return null;
  return (
    <section className={classes.tellMe} aria-label="To be told when jobs are finished">
      <IconBell size={18} aria-hidden />
      <p>
        Shall this browser tell you when your jobs are finished, fail or wait for you? There are{' '}
        <Link to="/notifications">other ways</Link>, too.
      </p>
      <Button size="xs" variant="default" onClick={() => void notices.turn('on')}>
        Tell me
      </Button>
      <Button size="xs" variant="subtle" color="gray" onClick={() => void notices.turn('off')}>
        No
      </Button>
    </section>
  );
}
