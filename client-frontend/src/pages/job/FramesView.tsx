import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import { chunkStatesQuery } from '../../api/queries.ts';
import { Panel } from '../../components/Panel.tsx';
import { siteKind } from '../../kinds/registry.ts';
import { FrameDrawer } from './FrameDrawer.tsx';
import { FrameGrid } from './FrameGrid.tsx';
import { GridLegend } from './GridLegend.tsx';
import classes from './Job.module.css';
import { NewestFrame } from './NewestFrame.tsx';
import { Notes } from './Notes.tsx';
import { Overall } from './Overall.tsx';
import { Result } from './Result.tsx';
import { TimelinePanel } from './TimelinePanel.tsx';
import { WorkerBars } from './WorkerBars.tsx';

/** A job whose frames are being made, or are made. */
export function FramesView({ job }: { job: JobDetail }) {
  const states = useQuery(chunkStatesQuery(job.id)).data;
  const [search, setSearch] = useSearchParams();
  const opened = readOrdinal(search.get('chunk'));
  const open = useCallback(
    (ordinal: number | null) =>
      setSearch(ordinal === null ? {} : { chunk: String(ordinal) }, {
        replace: true,
        preventScrollReset: true,
      }),
    [setSearch],
  );
  const Summary = siteKind(job.kind)?.Summary;
  return (
    <>
      <div className={classes.hero}>
        {isOver(job.state) ? <Result job={job} onOpen={open} /> : <NewestFrame job={job} onOpen={open} />}
        <div className={classes.side}>
          <Overall job={job} />
          <WorkerBars job={job} />
        </div>
      </div>
      <Panel title="Frames" aside={<GridLegend counts={job.counts} />}>
        {states !== undefined && states.stage === job.stageId && (
          <FrameGrid states={states} opened={opened} onOpen={open} />
        )}
      </Panel>
      <TimelinePanel job={job.id} onOpen={open} />
      <div className={classes.halves}>
        {Summary !== undefined && <Summary job={job} />}
        <Notes notes={job.notes} />
      </div>
      {states !== undefined && (
        <FrameDrawer
          job={job}
          states={states}
          opened={opened !== null && opened < states.states.length ? opened : null}
          onOpen={open}
        />
      )}
    </>
  );
}

const readOrdinal = (text: string | null): number | null =>
  text !== null && /^\d{1,7}$/.test(text) ? Number(text) : null;
