import type { ChunkDetail } from '@parallel-pilot/shared/api/chunks.ts';
import { formatClock, formatDuration } from '../components/format.ts';
import classes from './Drawer.module.css';

type Attempt = ChunkDetail['attemptsMade'][number];

const OUTCOMES: Record<NonNullable<Attempt['outcome']>, string> = {
  done: 'Done',
  failed: 'Failed',
  expired: 'The worker was lost',
  released: 'Given to another worker',
  preempted: 'Taken back while it ran',
  superseded: 'Another worker was first',
  canceled: 'Stopped',
};

/** Said of an attempt that was not the first. */
const PURPOSES: Record<Attempt['purpose'], string> = {
  first: '',
  backup: ', as a backup',
  check: ', as a check',
};

/** What each worker that took the chunk made of it, newest first. */
export function Attempts({ chunk }: { chunk: ChunkDetail }) {
  const attempts = chunk.attemptsMade.toReversed();
  return (
    <>
      {chunk.problem !== null && <p className={classes.problem}>{chunk.problem.message}</p>}
      {attempts.length === 0 && <p className={classes.hint}>No worker has taken it yet.</p>}
      <ol className={classes.attempts}>
        {attempts.map((attempt) => (
          <li key={attempt.lease} className={classes.attempt}>
            <div className={classes.attemptHead}>
              <b>{attempt.worker.name}</b>
              <span>
                {attempt.outcome === null ? 'At work' : OUTCOMES[attempt.outcome]}
                {PURPOSES[attempt.purpose]}
              </span>
              <span>{formatClock(attempt.startedAt ?? attempt.grantedAt, true)}</span>
              {attempt.endedAt !== null && attempt.startedAt !== null && (
                <span>{formatDuration(attempt.endedAt - attempt.startedAt)}</span>
              )}
            </div>
            {attempt.problem !== null && attempt.problem.message !== chunk.problem?.message && (
              <p className={classes.problem}>{attempt.problem.message}</p>
            )}
            {attempt.log !== null && attempt.log.trim() !== '' && (
              <details open={attempt.outcome === 'failed' || attempts.length === 1}>
                <summary>Log</summary>
                <pre>{attempt.log.trim()}</pre>
              </details>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}
