import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { rangeInWords } from '@parallel-pilot/shared/model/end-words.ts';
import type { ReactNode } from 'react';
import { Bar } from '../components/Bar.tsx';
import { useNow } from '../components/clock.ts';
import { formatClock, formatEta, formatPercent } from '../components/format.ts';
import { timeInWords } from '../components/job-time.ts';
import classes from './Job.module.css';

type OverallProps = {
  job: JobDetail;
  /** How much of the whole job is done, 0..1. */
  fraction: number;
  bar: ReactNode;
  /** How much that is, counted. */
  counted: ReactNode;
  /** Said while no time can be told yet. */
  measuring: string;
  /** What is done while the result is put together. */
  assembling: string;
  children?: ReactNode;
};

/** How far the job is, and when it will be done. */
export function Overall({ job, fraction, bar, counted, measuring, assembling, children }: OverallProps) {
  const now = useNow(1_000);
  return (
    <section className={classes.overall} aria-label="Progress of the job">
      <div className={classes.figure}>
        <span className={classes.percent}>{formatPercent(fraction).replace(' %', '')}</span>
        <span className={classes.unit}>%</span>
        <span className={classes.when}>
          <Forecast job={job} now={now} measuring={measuring} />
        </span>
      </div>
      {bar}
      <div className={classes.facts}>
        <span>{counted}</span>
        <span>{timeInWords(job, now)}</span>
      </div>
      {children}
      {job.state === 'assembling' && (
        <div className={classes.assembling}>
          <span>{assembling}</span>
          <Bar
            label="Putting the result together"
            fraction={job.backgroundFraction ?? 0}
            color="var(--state-running)"
            height={10}
          />
        </div>
      )}
    </section>
  );
}

function Forecast({ job, now, measuring }: { job: JobDetail; now: number; measuring: string }) {
  switch (job.state) {
    case 'completed':
      return job.finishedAt === null ? 'Completed' : `Done at ${formatClock(job.finishedAt)}`;
    case 'failed':
    case 'canceled':
      return job.state === 'failed' || job.problem?.code === 'stopped' ? 'Stopped' : 'Canceled';
    case 'paused':
      return 'Paused';
    case 'blocked':
      return 'Not begun';
    case 'assembling':
      return 'Almost there';
    default:
      if (job.eta === null) return job.etaSeconds === null ? measuring : `${formatEta(job.etaSeconds)} left`;
      return (
        <>
          {formatEta((job.eta.middle - now) / 1_000)} left
          <small title="In eight of ten cases">{rangeInWords(job.eta, now)}</small>
        </>
      );
  }
}
