import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { failureOf } from '@parallel-pilot/shared/kinds/failures.ts';
import { Link } from 'react-router';
import { useMay } from '../../api/session.ts';
import classes from '../../job/Job.module.css';
import { useJobCommand } from '../../job/job-command.ts';
import { useMayWith } from '../../job/may-with.ts';
import { Again } from './Again.tsx';

/** Why the job failed, and what helps. */
export function Failure({ job, title }: { job: JobDetail; title: string }) {
  const command = useJobCommand(job.id);
  const { steers } = useMayWith(job);
  const submits = useMay()('jobs.submit');
  const [sentence, ...log] = (job.problem?.message ?? 'The farm did not say why.').split('\n\n');
  return (
    <section className={classes.failure} role="alert" aria-label="Why the job failed">
      <h2>{title}</h2>
      <p>{sentence}</p>
      {log.length > 0 && <pre>{log.join('\n\n')}</pre>}
      <div className={classes.failureActions}>
        {steers && canHelp(job.problem?.code) && (
          <Button color="berry" loading={command.isPending} onClick={() => command.mutate('retry')}>
            Retry failed
          </Button>
        )}
        {submits && (
          <Again
            job={job}
            otherwise={
              <Button component={Link} to="/new" variant="default">
                Start another job
              </Button>
            }
          />
        )}
      </div>
    </section>
  );
}

/** What is wrong with a file is wrong on the second look too. */
function canHelp(code: string | undefined): boolean {
  const known = code === undefined ? null : failureOf(code);
  return known === null || known.retry === true;
}
