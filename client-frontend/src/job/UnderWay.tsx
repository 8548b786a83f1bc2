import type { ChunkDetail } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { Bar } from '../components/Bar.tsx';
import { useNow } from '../components/clock.ts';
import { formatDuration, formatMeasured } from '../components/format.ts';
import classes from './Drawer.module.css';
import { LiveLog } from './LiveLog.tsx';

type UnderWayProps = {
  /** The newest word of its worker. */
  progress: JobDetail['progress'][number];
  chunk: ChunkDetail | undefined;
};

/** A chunk that is being worked on: how far it is, at which step, for how long. */
export function UnderWay({ progress, chunk }: UnderWayProps) {
  const now = useNow(1_000);
  const since = chunk?.attemptsMade.findLast((attempt) => attempt.outcome === null)?.startedAt ?? null;
  const values = Object.entries(progress.values ?? {});
  return (
    <section className={classes.underWay} aria-label="At the moment">
      <div className={classes.attemptHead}>
        <b>{progress.workerName}</b>
        <span>{progress.detail === '' ? 'has just begun' : progress.detail}</span>
        {since !== null && <span>for {formatDuration(Math.round((now - since) / 1_000) * 1_000)}</span>}
      </div>
      <Bar
        label={progress.label}
        fraction={progress.fraction}
        text={progress.detail}
        color="var(--state-running)"
        height={10}
      />
      {values.length > 0 && (
        <div className={classes.attemptHead}>
          {values.map(([name, value]) => (
            <span key={name}>
              {name} <b>{formatMeasured(value)}</b>
            </span>
          ))}
        </div>
      )}
      <LiveLog label={progress.label} log={progress.log} />
    </section>
  );
}
