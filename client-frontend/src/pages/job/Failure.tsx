import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { FAILURES, FailureCode } from '@parallel-pilot/shared/protocol/failures.ts';
import { Link } from 'react-router';
import classes from './Job.module.css';
import { useJobCommand } from './job-command.ts';

/** Why the job failed, and what helps. */
export function Failure({ job }: { job: JobDetail }) {
  const command = useJobCommand(job.id);
  const [sentence, ...log] = (job.problem?.message ?? 'The farm did not say why.').split('\n\n');
  return (
    <section className={classes.failure} role="alert" aria-label="Why the job failed">
      <h2>{job.counts.done > 0 ? 'Some frames are missing' : 'This job failed'}</h2>
      <p>{sentence}</p>
      {log.length > 0 && <pre>{log.join('\n\n')}</pre>}
      <div className={classes.failureActions}>
        {canHelp(job.problem?.code) && (
          <Button color="berry" loading={command.isPending} onClick={() => command.mutate('retry')}>
            Retry failed
          </Button>
        )}
        <Button component={Link} to="/new" variant="default">
          Send another file
        </Button>
      </div>
    </section>
  );
}

/** A file that is no .blend is none on the second look either. */
function canHelp(code: string | undefined): boolean {
  const known = FailureCode.safeParse(code);
  return !known.success || FAILURES[known.data].retry;
}
