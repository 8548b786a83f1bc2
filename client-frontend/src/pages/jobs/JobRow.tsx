import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { memo } from 'react';
import { Link } from 'react-router';
import { thumbnailUrl } from '../../api/farm.ts';
import { Bar, CountsBar } from '../../components/Bar.tsx';
import { formatAgo, formatDuration, formatEta, formatPercent, plural } from '../../components/format.ts';
import { Picture } from '../../components/Picture.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import classes from './Jobs.module.css';

export const JobRow = memo(function JobRow({ job, now }: { job: JobSummary; now: number }) {
  return (
    <Link to={`/jobs/${job.id}`} className={classes.row}>
      <div className={classes.thumb}>
        <Picture src={job.newest === null ? null : thumbnailUrl(job.id, job.newest)} alt="" lazy cover />
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
    const text = state === 'failed' ? (job.problem?.message ?? '') : 'Not started yet';
    return (
      <>
        <Bar label={label} fraction={0} height={6} />
        <span className={classes.oneLine}>{text}</span>
      </>
    );
  }
  const failed = counts.failed > 0 ? ` · ${counts.failed} failed` : '';
  return (
    <>
      <CountsBar label={label} counts={counts} height={6} />
      <span className={classes.oneLine}>
        {formatPercent(counts.done / counts.total)} · {counts.done} of {plural(counts.total, 'frame')}
        {failed}
      </span>
    </>
  );
}

function etaOf(job: JobSummary): string {
  if (job.state === 'completed' && job.finishedAt !== null) {
    return `took ${formatDuration(job.finishedAt - job.createdAt)}`;
  }
  if (isOver(job.state) || job.state === 'paused' || job.etaSeconds === null) return '';
  return `${formatEta(job.etaSeconds)} left`;
}
