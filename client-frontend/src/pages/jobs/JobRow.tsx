import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { memo } from 'react';
import { Link } from 'react-router';
import { Bar, CountsBar } from '../../components/Bar.tsx';
import { formatAgo, formatDuration, formatEta, formatPercent } from '../../components/format.ts';
import { timeOf } from '../../components/job-time.ts';
import { Picture } from '../../components/Picture.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { siteKind } from '../../kinds/registry.ts';
import classes from './Jobs.module.css';

export const JobRow = memo(function JobRow({ job, now }: { job: JobSummary; now: number }) {
  const kind = siteKind(job.kind);
  const Thumbnail = kind?.Thumbnail;
  return (
    <Link to={`/jobs/${job.id}`} className={classes.row}>
      <div className={classes.thumb}>
        {Thumbnail === undefined ? <Picture src={null} alt="" /> : <Thumbnail job={job} />}
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
        <StateBadge job={job} probing={kind?.words.probing} />
      </div>
    </Link>
  );
});

function Progress({ job }: { job: JobSummary }) {
  const { bar, text, bad } = siteKind(job.kind)?.listed(job) ?? {
    bar: 'fraction',
    text: formatPercent(job.fraction),
  };
  const label = `Progress of ${job.name}`;
  return (
    <>
      {bar === 'chunks' && <CountsBar label={label} counts={job.counts} height={6} />}
      {bar === 'fraction' && <Bar label={label} fraction={job.fraction} height={6} />}
      <span className={classes.oneLine} data-bad={bad || undefined}>
        {text}
      </span>
    </>
  );
}

function etaOf(job: JobSummary): string {
  if (job.state === 'completed' && job.finishedAt !== null) {
    const { worked } = timeOf(job, job.finishedAt);
    return worked === null ? '' : `took ${formatDuration(worked)}`;
  }
  if (isOver(job.state) || job.state === 'paused' || job.etaSeconds === null) return '';
  return `${formatEta(job.etaSeconds)} left`;
}
