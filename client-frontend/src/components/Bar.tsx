import type { Counts } from '@parallel-pilot/shared/api/jobs.ts';
import type { CSSProperties } from 'react';
import classes from './Bar.module.css';
import { formatPercent } from './format.ts';

type BarProps = {
  /** What the bar is called: "Worker attic". */
  label: string;
  /** 0..1 */
  fraction: number;
  /** Read out in place of the percentage. */
  text?: string;
  color?: string;
  height?: number;
};

export function Bar({ label, fraction, text, color, height }: BarProps) {
  const share = Math.min(1, Math.max(0, fraction)) * 100;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share)}
      aria-valuetext={text ?? formatPercent(fraction)}
      className={classes.bar}
      style={barStyle(color, height)}
    >
      <div className={classes.fill} style={{ width: `${share}%` }} />
    </div>
  );
}

const PARTS = ['done', 'running', 'leased', 'failed', 'canceled', 'queued'] as const;

/** The chunks of a job as one bar, a piece for each state. */
export function CountsBar({ label, counts, height }: { label: string; counts: Counts; height?: number }) {
  const fraction = counts.total === 0 ? 0 : counts.done / counts.total;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(fraction * 100)}
      aria-valuetext={`${counts.done} of ${counts.total} done`}
      className={`${classes.bar} ${classes.parts}`}
      style={barStyle(undefined, height)}
    >
      {PARTS.filter((part) => counts[part] > 0).map((part) => (
        <div
          key={part}
          className={classes.part}
          style={{ flexGrow: counts[part], background: `var(--state-${part})` }}
        />
      ))}
    </div>
  );
}

const barStyle = (color: string | undefined, height: number | undefined) =>
  ({
    ...(color === undefined ? {} : { '--bar-color': color }),
    ...(height === undefined ? {} : { '--bar-height': `${height}px` }),
  }) as CSSProperties;
