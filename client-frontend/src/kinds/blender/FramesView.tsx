import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { chunkStatesQuery } from '../../api/job-queries.ts';
import { CountsBar } from '../../components/Bar.tsx';
import { formatCount, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { useFetched } from '../../components/use-fetched.ts';
import { ChunkGrid } from '../../job/ChunkGrid.tsx';
import { GridLegend } from '../../job/GridLegend.tsx';
import classes from '../../job/Job.module.css';
import { LogPanel } from '../../job/LogPanel.tsx';
import { Notes } from '../../job/Notes.tsx';
import { Overall } from '../../job/Overall.tsx';
import { useOpenedChunk } from '../../job/opened-chunk.ts';
import { TimelinePanel } from '../../job/TimelinePanel.tsx';
import { WorkerBars } from '../../job/WorkerBars.tsx';
import { FrameDrawer } from './FrameDrawer.tsx';
import { frameAddress, frameNames } from './frame-names.ts';
import { useFrameSpans } from './frame-spans.ts';
import { LookButtons } from './look/LookButtons.tsx';
import { useOpenedLook } from './look/opened-look.ts';
import { NewestFrame } from './NewestFrame.tsx';
import { Result } from './Result.tsx';
import { Summary } from './Summary.tsx';

/** A job whose frames are being made, or are made. */
export function FramesView({ job }: { job: JobDetail }) {
  const states = useQuery(chunkStatesQuery(job.id)).data;
  const spans = useFrameSpans(job.id);
  const names = useMemo(() => frameNames(states), [states]);
  const address = useMemo(() => frameAddress(states), [states]);
  const { opened, open } = useOpenedChunk(address);
  const look = useOpenedLook();
  const FramesLook = useFetched(
    async () => (await import('./look/FramesLook.tsx')).FramesLook,
    look.look !== null,
  );
  return (
    <>
      <div className={classes.hero}>
        {isOver(job.state) ? <Result job={job} onOpen={open} /> : <NewestFrame job={job} onOpen={open} />}
        <div className={classes.side}>
          <FramesDone job={job} />
          <WorkerBars job={job} spans={spans} one="frame" />
        </div>
      </div>
      <Panel title="Frames" aside={<GridLegend counts={job.counts} names={names} />}>
        <LookButtons done={job.counts.done} onLook={look.open} />
        {states !== undefined && states.stage === job.stageId && (
          <ChunkGrid states={states} names={names} opened={opened} onOpen={open} />
        )}
      </Panel>
      <TimelinePanel spans={spans} one="frame" onOpen={open} />
      <div className={classes.halves}>
        <Summary job={job} />
        <div className={classes.stack}>
          <Notes job={job} />
          <LogPanel job={job} />
        </div>
      </div>
      {states !== undefined && (
        <FrameDrawer
          job={job}
          states={states}
          names={names}
          opened={opened}
          onOpen={open}
          onLook={(frame) => look.open('compare', frame)}
        />
      )}
      {FramesLook !== null && states !== undefined && (
        <FramesLook
          job={job}
          states={states}
          look={look.look}
          at={look.at}
          onLook={look.open}
          onOpen={open}
          onClose={look.close}
        />
      )}
    </>
  );
}

function FramesDone({ job }: { job: JobDetail }) {
  const { counts } = job;
  return (
    <Overall
      job={job}
      fraction={counts.total === 0 ? 0 : counts.done / counts.total}
      bar={<CountsBar label="Whole job" counts={counts} height={14} />}
      counted={
        <>
          {formatCount(counts.done)} of {plural(counts.total, 'frame')}
          {counts.failed > 0 && <b className={classes.bad}> · {formatCount(counts.failed)} failed</b>}
        </>
      }
      measuring="Measuring the first frames"
      assembling="Checking the frames and making the video"
    />
  );
}
