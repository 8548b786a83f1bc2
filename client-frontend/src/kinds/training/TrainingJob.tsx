import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { chunkStatesQuery, timelineQuery } from '../../api/job-queries.ts';
import { Panel } from '../../components/Panel.tsx';
import { ChunkDrawer } from '../../job/ChunkDrawer.tsx';
import { ChunkGrid } from '../../job/ChunkGrid.tsx';
import { GridLegend } from '../../job/GridLegend.tsx';
import classes from '../../job/Job.module.css';
import { LivePrints } from '../../job/LivePrints.tsx';
import { LogPanel } from '../../job/LogPanel.tsx';
import { Notes } from '../../job/Notes.tsx';
import { type ChunkAddress, useOpenedChunk } from '../../job/opened-chunk.ts';
import { TimelinePanel } from '../../job/TimelinePanel.tsx';
import { WorkerBars } from '../../job/WorkerBars.tsx';
import { CurvesPanel } from './CurvesPanel.tsx';
import { HowFar } from './HowFar.tsx';
import { Result } from './Result.tsx';
import { RoundsTable } from './RoundsTable.tsx';
import { ShownByScript } from './ShownByScript.tsx';
import { Summary } from './Summary.tsx';
import { stepNames } from './step-names.ts';
import { SweepPanel } from './sweep/SweepPanel.tsx';
import { trainingOf } from './training-job.ts';

const TASK_ADDRESS: ChunkAddress = {
  name: 'task',
  numberOf: (ordinal) => ordinal + 1,
  ordinalOf: (number) => (number > 0 ? number - 1 : null),
};

/** The page of a training: its curves, its rounds, and who works on them. */
export function TrainingJob({ job }: { job: JobDetail }) {
  const states = useQuery(chunkStatesQuery(job.id)).data;
  const spans = useQuery(timelineQuery(job.id)).data?.spans;
  const { opened, open } = useOpenedChunk(TASK_ADDRESS);
  const { round } = trainingOf(job);
  const names = stepNames(job.stage, round);
  const present = states !== undefined && states.stage === job.stageId && states.states.length > 0;
  return (
    <>
      {isOver(job.state) && <Result job={job} />}
      <div className={classes.hero}>
        <CurvesPanel job={job} />
        <div className={classes.side}>
          <HowFar job={job} />
          <WorkerBars job={job} spans={spans} one="task" />
        </div>
      </div>
      {job.sweep !== null && <SweepPanel sweep={job.sweep} job={job.id} />}
      <LivePrints job={job} />
      <ShownByScript job={job} />
      <RoundsTable job={job} />
      {present && (
        <Panel title={names.title} aside={<GridLegend counts={job.counts} names={names} />}>
          <ChunkGrid states={states} names={names} opened={opened} onOpen={open} />
        </Panel>
      )}
      <TimelinePanel
        spans={spans}
        one="task"
        onOpen={open}
        // Of earlier stages the farm tells when they ran, and no more.
        canOpen={(span) => span.label === names.nameOf(span.ordinal)}
      />
      <div className={classes.halves}>
        <Summary job={job} />
        <div className={classes.stack}>
          <Notes job={job} />
          <LogPanel job={job} />
        </div>
      </div>
      {present && <ChunkDrawer job={job} states={states} names={names} opened={opened} onOpen={open} />}
    </>
  );
}
