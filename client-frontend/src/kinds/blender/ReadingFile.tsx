import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { workersQuery } from '../../api/queries.ts';
import { Bar } from '../../components/Bar.tsx';
import { Panel } from '../../components/Panel.tsx';
import { Steps } from '../../components/Steps.tsx';
import classes from '../../job/Job.module.css';
import { useRoom } from '../../live/LiveProvider.tsx';
import { STEPS } from './names.ts';
import { renderOf } from './render-job.ts';

/** Shown while a worker looks into the file. */
export function ReadingFile({ job }: { job: JobDetail }) {
  useRoom('workers');
  const workers = useQuery(workersQuery());
  const none = workers.data?.workers.every((worker) => worker.status === 'offline') === true;
  const present = job.progress[0];
  return (
    <div>
      {renderOf(job).review && <Steps steps={STEPS} present={1} />}
      <Panel title="Looking into the file">
        <div className={classes.preparing} role="status">
          {none ? (
            <p>
              No worker is connected, so the job waits. <Link to="/workers">See how a machine joins.</Link>
            </p>
          ) : (
            <p>
              {present === undefined
                ? 'Waiting for a worker to open it in Blender.'
                : `${present.workerName} has it open. ${present.detail}`}
            </p>
          )}
          <Bar
            label={present === undefined ? 'Looking into the file' : `Worker ${present.workerName}`}
            fraction={present?.fraction ?? 0}
            height={10}
            color="var(--state-running)"
          />
          <p className={classes.quiet}>
            Scenes, cameras, frame range, engine, and whether any file is missing.
          </p>
        </div>
      </Panel>
    </div>
  );
}
