import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { CSSProperties } from 'react';
import classes from './StateBadge.module.css';

type Look = { text: string; color: string; ink?: string; shape?: 'ring' | 'square'; live?: boolean };

const LOOKS: Record<JobStatus, Look> = {
  blocked: { text: 'Waiting for others', color: 'var(--muted)', shape: 'ring' },
  preparing: { text: 'Getting ready', color: 'var(--state-running)', ink: 'var(--amber-ink)', live: true },
  ready: { text: 'Waiting for you', color: 'var(--brand)', ink: 'var(--brand)', shape: 'ring' },
  queued: { text: 'Queued', color: 'var(--muted)', shape: 'ring' },
  running: { text: 'Running', color: 'var(--state-running)', ink: 'var(--amber-ink)', live: true },
  paused: { text: 'Paused', color: 'var(--muted)', shape: 'square' },
  assembling: {
    text: 'Putting together',
    color: 'var(--state-running)',
    ink: 'var(--amber-ink)',
    live: true,
  },
  completed: { text: 'Completed', color: 'var(--state-done)', ink: 'var(--brand)' },
  failed: { text: 'Failed', color: 'var(--state-failed)', ink: 'var(--berry-ink)', shape: 'square' },
  canceled: { text: 'Canceled', color: 'var(--state-canceled)', shape: 'square' },
};

/** `waits`: it is held by what it belongs to, not by a person. */
type Shown = Pick<JobSummary, 'state' | 'fraction'> & { problem?: { code: string } | null; waits?: boolean };

/** Between two of its stages a job is queued for a moment; for people it runs. */
function lookOf({ state, fraction, problem, waits = false }: Shown): Look {
  if (state === 'canceled' && problem?.code === 'stopped') return { ...LOOKS.canceled, text: 'Stopped' };
  if (waits) return { ...LOOKS.queued, text: 'Waits' };
  return LOOKS[state === 'queued' && fraction > 0 ? 'running' : state];
}

/** `preparing` is what the job's kind calls that state; without it the state has a word that fits every kind. */
export function stateText(job: Shown, preparing: string | undefined): string {
  return job.state === 'preparing' && preparing !== undefined ? preparing : lookOf(job).text;
}

/** A job's state in words, with a dot whose form says the same as its colour. */
export function StateBadge({ job, preparing }: { job: Shown; preparing?: string | undefined }) {
  const { color, ink, shape, live } = lookOf(job);
  const style = { '--badge-color': color, ...(ink === undefined ? {} : { '--badge-ink': ink }) };
  return (
    <span
      className={classes.badge}
      data-shape={shape}
      data-live={live || undefined}
      style={style as CSSProperties}
    >
      <span className={classes.dot} aria-hidden />
      {stateText(job, preparing)}
    </span>
  );
}
