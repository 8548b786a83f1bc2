import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { placementInWords } from '@parallel-pilot/shared/model/placement-words.ts';
import { isShown } from '../../components/waiting.ts';
import classes from './Waiting.module.css';

/** Why nothing of it is worked on, and which workers it asks for. */
export function Waiting({ job }: { job: JobDetail }) {
  const asked = job.placement === null || isOver(job.state) ? '' : placementInWords(job.placement);
  const why = isShown(job) ? job.waiting : null;
  if (why === null && asked === '') return null;
  return (
    <div className={classes.waiting} data-waits={why !== null || undefined}>
      {why !== null && (
        <p role="status">
          <b>Why it waits:</b> {why.message}
        </p>
      )}
      {asked !== '' && <p>Only on workers {asked}.</p>}
    </div>
  );
}
