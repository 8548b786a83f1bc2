import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { asTyped } from '@parallel-pilot/shared/kinds/command/words.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { timelineQuery } from '../../api/job-queries.ts';
import { Bar } from '../../components/Bar.tsx';
import { Facts } from '../../components/Facts.tsx';
import { formatCount, formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from '../../job/Job.module.css';
import { LivePrints } from '../../job/LivePrints.tsx';
import { LogPanel } from '../../job/LogPanel.tsx';
import { Notes } from '../../job/Notes.tsx';
import { Overall } from '../../job/Overall.tsx';
import { WorkerBars } from '../../job/WorkerBars.tsx';
import own from './Command.module.css';
import { commandOf } from './command-job.ts';
import { Result } from './Result.tsx';
import { OnlyRun } from './RunFiles.tsx';
import { RunsTable } from './RunsTable.tsx';

type Props = {
  job: JobDetail;
  /** What else is to be known of how it runs. */
  facts?: readonly [string, string][];
};

/** The page of a command: what its runs print and leave, and who does them. */
export function CommandJob({ job, facts = [] }: Props) {
  const spans = useQuery(timelineQuery(job.id)).data?.spans;
  const { words, runs } = commandOf(job);
  return (
    <>
      {isOver(job.state) && <Result job={job} />}
      {isOver(job.state) && isOneRun(job) && <OnlyRun job={job.id} />}
      <div className={classes.halves}>
        <Overall
          job={job}
          fraction={job.fraction}
          bar={<Bar label="Whole job" fraction={job.fraction} height={14} />}
          counted={plural(runs.total, 'run')}
          measuring="Measuring the first runs"
          assembling="Putting the results together"
        >
          <p className={own.words}>{asTyped(words)}</p>
        </Overall>
        <WorkerBars job={job} spans={spans} one="chunk" />
      </div>
      <LivePrints job={job} />
      <RunsTable job={job} />
      <div className={classes.halves}>
        <Panel title="Settings">
          <Facts facts={[...facts, ...factsOf(job)]} />
        </Panel>
        <div className={classes.stack}>
          <Notes job={job} />
          <LogPanel job={job} />
        </div>
      </div>
    </>
  );
}

/** What it left is what it came to. */
function isOneRun(job: JobDetail): boolean {
  const { runs, settings } = commandOf(job);
  return runs.total === 1 && settings.gather === null && settings.gatherBy === null;
}

function factsOf(job: JobDetail): [string, string][] {
  const { runs, files, parameters, settings: s } = commandOf(job);
  const facts: ([string, string] | null)[] = [
    ['Runs', formatCount(runs.total)],
    parameters.length === 0 ? null : ['Parameters', parameters.join(', ')],
    ['Files sent along', formatCount(files)],
    s.chunk === null ? null : ['Runs of a chunk', formatCount(s.chunk)],
    s.timeSeconds === null ? null : ['Time of a run', `${formatDuration(s.timeSeconds * 1_000)} at most`],
    s.checkpoint === null ? null : ['Goes on from', s.checkpoint],
    s.retries === 0 ? null : ['Tried again', plural(s.retries, 'time')],
    s.noRetry.length === 0 ? null : ['Not after exit code', s.noRetry.join(', ')],
    s.gather === null ? null : ['Put together', `as ${s.gather}`],
    s.gatherBy === null ? null : ['Put together', `by ${asTyped(s.gatherBy)}`],
  ];
  return facts.filter((fact) => fact !== null);
}
