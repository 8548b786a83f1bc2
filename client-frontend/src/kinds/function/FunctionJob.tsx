import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { timelineQuery } from '../../api/job-queries.ts';
import { Facts } from '../../components/Facts.tsx';
import { Panel } from '../../components/Panel.tsx';
import classes from '../../job/Job.module.css';
import { LivePrints } from '../../job/LivePrints.tsx';
import { LogPanel } from '../../job/LogPanel.tsx';
import { Notes } from '../../job/Notes.tsx';
import { WorkerBars } from '../../job/WorkerBars.tsx';
import { settingsFacts } from './settings-words.ts';

/** The page of a job that keeps instances of a function. */
export function FunctionJob({ job }: { job: JobDetail }) {
  const spans = useQuery(timelineQuery(job.id)).data?.spans;
  const { view } = job;
  if (view.kind !== 'function') return null;
  return (
    <>
      <div className={classes.halves}>
        <Panel title="Instances" aside={<Link to={`/functions/${view.name}`}>The function</Link>}>
          <Facts
            facts={[
              ['Function', `${view.name}, version ${view.version}`],
              ['Handler', view.image === null ? view.handler : `${view.handler}, in the image ${view.image}`],
              ...settingsFacts(view.settings),
            ]}
          />
        </Panel>
        <WorkerBars job={job} spans={spans} one="instance" />
      </div>
      <LivePrints job={job} />
      <div className={classes.halves}>
        <Notes job={job} />
        <LogPanel job={job} />
      </div>
    </>
  );
}
