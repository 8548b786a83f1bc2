import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { memo } from 'react';
import { Link } from 'react-router';
import { CountsBar } from '../../components/Bar.tsx';
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatEta,
  formatPercent,
  plural,
} from '../../components/format.ts';
import { StateBadge } from '../../components/StateBadge.tsx';
import classes from './Jobs.module.css';
import { Thumbnail } from './Thumbnail.tsx';

export const JobRow = memo(function JobRow({ job, now }: { job: JobSummary; now: number }) {
  return (
    <Link to={`/jobs/${job.id}`} className={classes.row}>
      <div className={classes.thumb}>
        <Thumbnail job={job} />
      </div>
      <div className={classes.name}>
        <strong>{job.name}</strong>
        <span>{formatAgo(job.createdAt, now)}</span>
      </div>
      <div className={classes.progress}>
        <Progress job={job} />
      </div>
      <div className={classes.eta}>{etaOf(job)}</div>
      <div className={classes.state}>
        <StateBadge state={job.state} />
      </div>
    </Link>
  );
});

function Progress({ job }: { job: JobSummary }) {
  const { counts, stage, state } = job;
  const label = `Progress of ${job.name}`;
  if (stage === 'probe' || counts.total === 0) {
    return (
      <span className={classes.oneLine} data-bad={state === 'failed' || undefined}>
        {beforeFrames(job)}
      </span>
    );
  }
  const failed = counts.failed > 0 ? ` · ${formatCount(counts.failed)} failed` : '';
  return (
    <>
      <CountsBar label={label} counts={counts} height={6} />
      <span className={classes.oneLine}>
        {formatPercent(counts.done / counts.total)} · {formatCount(counts.done)} of{' '}
        {plural(counts.total, 'frame')}
        {failed}
      </span>
    </>
  );
}

function beforeFrames(job: JobSummary): string {
  switch (job.state) {
    case 'failed':
      return job.problem?.message ?? '';
    case 'ready':
      return 'Choose the settings to begin';
    case 'canceled':
      return 'Canceled before it began';
    default:
      return job.counts.running > 0 ? 'A worker looks into it' : 'Waiting for a worker';
  }
}

function etaOf(job: JobSummary): string {
  if (job.state === 'completed' && job.finishedAt !== null) {
    return `took ${formatDuration(job.finishedAt - job.createdAt)}`;
  }
  if (isOver(job.state) || job.state === 'paused' || job.etaSeconds === null) return '';
  return `${formatEta(job.etaSeconds)} left`;
}
