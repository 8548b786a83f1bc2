import type { WorkerAttempt } from '@parallel-pilot/shared/api/machines.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { formatAgo, formatDuration } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { More } from '../people/More.tsx';
import people from '../people/People.module.css';
import { workerHistoryQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import classes from './Workers.module.css';

const OUTCOME: Record<NonNullable<WorkerAttempt['outcome']>, string> = {
  done: 'done',
  failed: 'failed',
  expired: 'lost',
  released: 'given back',
  preempted: 'taken back',
  superseded: 'another was first',
  canceled: 'canceled',
};

/** What the machine did, and how it went. */
export function History({ id }: { id: string }) {
  const list = useInfiniteQuery(workerHistoryQuery(id));
  const attempts = list.data?.pages.flatMap((page) => page.attempts);
  return (
    <Panel title="History">
      {attempts === undefined && <Refused error={list.error} />}
      {attempts?.length === 0 && <p className={people.empty}>It has done nothing yet.</p>}
      <ul className={people.rows}>
        {attempts?.map((attempt) => (
          <Attempt key={attempt.lease} attempt={attempt} />
        ))}
      </ul>
      <More list={list} />
    </Panel>
  );
}

function Attempt({ attempt }: { attempt: WorkerAttempt }) {
  const { job, grantedAt, startedAt, endedAt, outcome, failure, log } = attempt;
  const took = endedAt === null || startedAt === null ? null : `took ${formatDuration(endedAt - startedAt)}`;
  const bad = outcome === 'failed' || outcome === 'expired';
  return (
    <li className={people.row}>
      <div className={people.main}>
        {job === null ? 'Work of another team' : <Link to={`/jobs/${job.id}`}>{job.name}</Link>}
        {job !== null && ` · ${job.label}`}
        <small>{[formatAgo(grantedAt, Date.now()), took].filter((part) => part !== null).join(' · ')}</small>
        {failure !== null && <small>{failure.message}</small>}
        {log !== null && log !== '' && (
          <details className={classes.log}>
            <summary>Its log</summary>
            <pre>{log}</pre>
          </details>
        )}
      </div>
      <span className={people.mark} data-bad={bad || undefined}>
        {outcome === null ? 'under way' : OUTCOME[outcome]}
      </span>
    </li>
  );
}
