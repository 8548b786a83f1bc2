import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useState } from 'react';
import { formatCount } from '../components/format.ts';
import { Panel } from '../components/Panel.tsx';
import classes from './Job.module.css';
import { LiveLog } from './LiveLog.tsx';

const FEW = 4;

/** What the programs of this job print at this moment, each in a box of its own. */
export function LivePrints({ job }: { job: JobDetail }) {
  const [all, setAll] = useState(false);
  const printing = job.progress
    .filter(({ log }) => log !== undefined && log.trim() !== '')
    .toSorted((one, other) => one.ordinal - other.ordinal);
  if (printing.length === 0) return null;
  return (
    <Panel
      title="Printed at the moment"
      aside={
        printing.length > FEW && (
          <Button variant="subtle" size="compact-sm" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${formatCount(printing.length)}`}
          </Button>
        )
      }
    >
      <div className={classes.prints}>
        {printing.slice(0, all ? undefined : FEW).map(({ ordinal, label, workerName, log }) => (
          <div key={ordinal} className={classes.print}>
            <div className={classes.laneHead}>
              <b>{label}</b>
              <span>{workerName}</span>
            </div>
            <LiveLog label={label} log={log} />
          </div>
        ))}
      </div>
    </Panel>
  );
}
