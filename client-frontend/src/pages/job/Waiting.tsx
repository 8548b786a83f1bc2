import type { JobDetail, LinkedJob } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { placementInWords } from '@parallel-pilot/shared/model/placement-words.ts';
import { Fragment } from 'react';
import { Link } from 'react-router';
import { stateText } from '../../components/StateBadge.tsx';
import { isShown } from '../../components/waiting.ts';
import classes from './Waiting.module.css';

const HOW = { success: '', failure: ', should it fail', always: ', however it ends' };

/** Jobs at the other end of dependencies, with the way to each. */
function Linked({ title, jobs }: { title: string; jobs: readonly LinkedJob[] }) {
  if (jobs.length === 0) return null;
  return (
    <p>
      {title}:{' '}
      {jobs.map(({ id, name, state, on }, index) => (
        <Fragment key={id}>
          {index > 0 && '; '}
          {name === null || state === null ? (
            'a job that was deleted'
          ) : (
            <>
              <Link to={`/jobs/${id}`}>{name}</Link> (
              {stateText({ state, fraction: 0 }, undefined).toLowerCase()}
              {HOW[on]})
            </>
          )}
        </Fragment>
      ))}
    </p>
  );
}

/** Why nothing of it is worked on, and which workers it asks for. */
export function Waiting({ job }: { job: JobDetail }) {
  const asked = job.placement === null || isOver(job.state) ? '' : placementInWords(job.placement);
  const why = isShown(job) ? job.waiting : null;
  const alone = job.after.length + job.dependents.length === 0 && job.pipeline === null;
  if (why === null && asked === '' && alone) return null;
  return (
    <div className={classes.waiting} data-waits={why !== null || undefined}>
      {why !== null && (
        <p role="status">
          <b>Why it waits:</b> {why.message}
        </p>
      )}
      {job.pipeline !== null && (
        <p>
          Part of the pipeline <Link to={`/pipelines/${job.pipeline.id}`}>{job.pipeline.name}</Link>.
        </p>
      )}
      {asked !== '' && <p>Only on workers {asked}.</p>}
      <Linked title="Runs after" jobs={job.after} />
      <Linked title="What runs after it" jobs={job.dependents} />
    </div>
  );
}
