import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { mayPreempt } from '@parallel-pilot/shared/model/priority.ts';
import { IconChartDots, IconSitemap } from '@tabler/icons-react';
import { memo } from 'react';
import { Link } from 'react-router';
import { Bar, CountsBar } from '../../components/Bar.tsx';
import { formatAgo, formatBytes, formatDuration, formatEta, formatPercent } from '../../components/format.ts';
import { timeOf } from '../../components/job-time.ts';
import { Picture } from '../../components/Picture.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { isShown } from '../../components/waiting.ts';
import { siteKind } from '../../kinds/registry.ts';
import classes from './Jobs.module.css';

type JobRowProps = {
  job: JobSummary;
  now: number;
  selected: boolean;
  onSelect(id: string, through: boolean): void;
};

export const JobRow = memo(function JobRow({ job, now, selected, onSelect }: JobRowProps) {
  const kind = siteKind(job.kind);
  const Thumbnail = kind?.Thumbnail;
  return (
    <div className={classes.line} data-selected={selected || undefined}>
      <label className={classes.check}>
        <input
          type="checkbox"
          aria-label={`Select ${job.name}`}
          checked={selected}
          onChange={(event) => onSelect(job.id, (event.nativeEvent as MouseEvent).shiftKey === true)}
        />
      </label>
      <Link to={`/jobs/${job.id}`} className={classes.row}>
        <div className={classes.thumb}>
          {Thumbnail === undefined ? <Picture src={null} alt="" /> : <Thumbnail job={job} />}
        </div>
        <div className={classes.name}>
          <strong>{job.name}</strong>
          <span>
            {formatAgo(job.createdAt, now)}
            {asides(job).map((text) => (
              <small key={text}> · {text}</small>
            ))}
          </span>
        </div>
        <div className={classes.progress}>
          <Progress job={job} />
        </div>
        <div className={classes.eta}>{etaOf(job, now)}</div>
        <div className={classes.state}>
          <StateBadge job={job} preparing={kind?.words.preparing} />
        </div>
      </Link>
      {job.sweep !== null && (
        <Link
          to={`/sweeps/${job.sweep}`}
          className={classes.together}
          aria-label={`The sweep of ${job.name}`}
          title="Open its sweep"
        >
          <IconChartDots size={18} aria-hidden />
        </Link>
      )}
      {job.pipeline !== null && (
        <Link
          to={`/pipelines/${job.pipeline.id}`}
          className={classes.together}
          aria-label={`The pipeline of ${job.name}`}
          title={`Open its pipeline, ${job.pipeline.name}`}
        >
          <IconSitemap size={18} aria-hidden />
        </Link>
      )}
    </div>
  );
});

const LATE = ['missed', 'past'];

function asides({ bytes, priority, state, deadline }: JobSummary): string[] {
  const first = priority === 0 || isOver(state) ? [] : [turnOf(priority)];
  const due =
    deadline === null || isOver(state)
      ? []
      : [deadline.code === 'met' ? 'in time' : LATE.includes(deadline.code) ? 'late' : 'due'];
  return [...(bytes === null ? [] : [formatBytes(bytes)]), ...first, ...due];
}

function turnOf(priority: number): string {
  if (mayPreempt({ priority })) return 'urgent';
  return priority > 0 ? 'before others' : 'after others';
}

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
        {isShown(job) ? job.waiting?.message : text}
      </span>
    </>
  );
}

function etaOf(job: JobSummary, now: number): string {
  if (job.state === 'completed' && job.finishedAt !== null) {
    const { worked } = timeOf(job, job.finishedAt);
    return worked === null ? '' : `took ${formatDuration(worked)}`;
  }
  if (isOver(job.state) || job.state === 'paused' || job.etaSeconds === null) return '';
  if (job.eta === null) return `${formatEta(job.etaSeconds)} left`;
  const [from, to] = [job.eta.from, job.eta.to].map((at) => formatEta(Math.max(0, at - now) / 1_000));
  return from === to ? `${to} left` : `${from} to ${to} left`;
}
