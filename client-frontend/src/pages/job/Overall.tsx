import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { Bar, CountsBar } from '../../components/Bar.tsx';
import { useNow } from '../../components/clock.ts';
import {
  formatClock,
  formatCount,
  formatDuration,
  formatEta,
  formatPercent,
  plural,
} from '../../components/format.ts';
import classes from './Job.module.css';

/** How far the job is, and when it will be done. */
export function Overall({ job }: { job: JobDetail }) {
  const now = useNow(1_000);
  const { counts, state } = job;
  const share = counts.total === 0 ? 0 : counts.done / counts.total;
  const end = job.finishedAt ?? now;
  return (
    <section className={classes.overall} aria-label="Progress of the job">
      <div className={classes.figure}>
        <span className={classes.percent}>{formatPercent(share).replace(' %', '')}</span>
        <span className={classes.unit}>%</span>
        <span className={classes.when}>
          <Forecast job={job} now={now} />
        </span>
      </div>
      <CountsBar label="Whole job" counts={counts} height={14} />
      <div className={classes.facts}>
        <span>
          {formatCount(counts.done)} of {plural(counts.total, 'frame')}
          {counts.failed > 0 && <b className={classes.bad}> · {formatCount(counts.failed)} failed</b>}
        </span>
        <span>
          {isOver(state) ? 'took ' : ''}
          {formatDuration(Math.round((end - job.createdAt) / 1_000) * 1_000)}
          {isOver(state) ? '' : ' so far'}
        </span>
      </div>
      {state === 'stitching' && (
        <div className={classes.stitching}>
          <span>Checking the frames and making the video</span>
          <Bar
            label="Putting the result together"
            fraction={job.stitching ?? 0}
            color="var(--state-running)"
            height={10}
          />
        </div>
      )}
    </section>
  );
}

function Forecast({ job, now }: { job: JobDetail; now: number }) {
  switch (job.state) {
    case 'completed':
      return job.finishedAt === null ? 'Completed' : `Done at ${formatClock(job.finishedAt)}`;
    case 'failed':
    case 'canceled':
      return job.state === 'failed' ? 'Stopped' : 'Canceled';
    case 'paused':
      return 'Paused';
    case 'stitching':
      return 'Almost there';
    default:
      if (job.etaSeconds === null) return 'Measuring the first frames';
      return (
        <>
          {formatEta(job.etaSeconds)} left
          {job.etaSeconds > 120 && job.etaSeconds < 20 * 3_600 && (
            <small>until about {formatClock(now + job.etaSeconds * 1_000)}</small>
          )}
        </>
      );
  }
}
