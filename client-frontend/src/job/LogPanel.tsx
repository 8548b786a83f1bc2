import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jobLogQuery } from '../api/job-queries.ts';
import { sentenceOf } from '../api/request.ts';
import { Panel } from '../components/Panel.tsx';
import classes from './Drawer.module.css';

const ASK_MS = 5_000;

/** What the attempts that went wrong have printed, fetched when it is opened. */
export function LogPanel({ job }: { job: JobDetail }) {
  const [opened, setOpened] = useState(false);
  const { data, error } = useQuery({
    ...jobLogQuery(job.id),
    enabled: opened,
    // No patch tells of a log.
    refetchInterval: isOver(job.state) ? false : ASK_MS,
  });
  return (
    <Panel title="Log">
      <details className={classes.attempt} onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>What went wrong, attempt by attempt</summary>
        {error !== null && <p role="alert">{sentenceOf(error)}</p>}
        {data?.failures.length === 0 && <p className={classes.nothing}>No attempt has failed.</p>}
        {data?.failures.map(({ label, log }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a chunk may fail on a worker twice
          <section key={index} aria-label={label}>
            <b>{label}</b>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
            <pre tabIndex={0}>{log.trim()}</pre>
          </section>
        ))}
      </details>
    </Panel>
  );
}
