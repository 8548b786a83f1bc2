import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import { workersQuery } from '../api/queries.ts';
import { Bar } from '../components/Bar.tsx';
import { formatDuration, formatMeasured, plural } from '../components/format.ts';
import { Panel } from '../components/Panel.tsx';
import classes from './Job.module.css';
import { layOutTimeline, type Span, workerSummary } from './timeline-layout.ts';
import { type Lane, laneLabel, nextLanes, nextWaiting, shownChunk } from './worker-lanes.ts';

type WorkerBarsProps = {
  job: JobDetail;
  /** The newest spans of work; undefined until they are known. */
  spans: Span[] | undefined;
  /** What a chunk is called: "frame". */
  one: string;
};

/** A bar for each worker with the chunk and the step it is at. */
export function WorkerBars({ job, spans, one }: WorkerBarsProps) {
  const lanes = useLanes(job.progress);
  const at = useMomentOfWaiting(lanes);
  if (isOver(job.state) || job.state === 'assembling') return <WhoDidIt spans={spans} one={one} />;
  const idle = job.state === 'paused' ? 'Paused' : `Waiting for a ${one}`;
  return (
    <Panel title="Workers">
      {lanes.length === 0 ? <Nobody paused={job.state === 'paused'} one={one} /> : null}
      <ul className={classes.lanes}>
        {lanes.map((lane) => (
          <li key={`${lane.worker}/${lane.slot}`}>
            <OneLane lane={lane} chunk={shownChunk(lane, at)} idle={idle} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function useLanes(progress: JobDetail['progress']): Lane[] {
  const before = useRef<Lane[]>([]);
  const workers = useQuery(workersQuery()).data?.workers;
  const lanes = useMemo(() => {
    const slots = new Map(workers?.map((worker) => [worker.id as string, worker.slots]));
    return nextLanes(before.current, progress, (worker) => slots.get(worker) ?? 1, Date.now());
  }, [progress, workers]);
  before.current = lanes;
  return lanes;
}

/** The time, ms since 1970, told anew when a worker whose chunk ended is to be shown as waiting. */
function useMomentOfWaiting(lanes: readonly Lane[]): number {
  const [, tell] = useState(0);
  const at = Date.now();
  const due = nextWaiting(lanes, at);
  useEffect(() => {
    if (due === null) return;
    // A timer may go off a moment early, and would not be set again for the same time.
    const timer = setTimeout(() => tell((times) => times + 1), due - Date.now() + 10);
    return () => clearTimeout(timer);
  }, [due]);
  return at;
}

type OneLaneProps = { lane: Lane; chunk: ReturnType<typeof shownChunk>; idle: string };

function OneLane({ lane, chunk, idle }: OneLaneProps) {
  const doing = chunk === null ? idle : [chunk.label, chunk.detail].filter((part) => part !== '').join(' · ');
  const values = Object.entries(chunk?.values ?? {});
  return (
    <div className={classes.lane}>
      <div className={classes.laneHead}>
        <b>{lane.slot === 1 ? lane.name : `${lane.name}, slot ${lane.slot}`}</b>
        <span>{doing}</span>
      </div>
      <Bar
        // A bar of its own for each chunk: a full one would slide back to where the next begins.
        key={chunk?.label}
        label={laneLabel(lane)}
        fraction={chunk?.fraction ?? 0}
        text={doing}
        color="var(--state-running)"
        height={10}
      />
      {lane.measures && (
        <div className={classes.measured}>
          {values.slice(0, 3).map(([name, value]) => (
            <span key={name}>
              {name} <b>{formatMeasured(value)}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function Nobody({ paused, one }: { paused: boolean; one: string }) {
  const workers = useQuery(workersQuery()).data?.workers;
  if (paused) return <p className={classes.quiet}>The job is paused. Its {one}s wait.</p>;
  if (workers?.every((worker) => worker.status === 'offline') === true) {
    return (
      <p className={classes.quiet}>
        No worker is connected. <Link to="/workers">See how a machine joins.</Link>
      </p>
    );
  }
  return <p className={classes.quiet}>No worker has started on this job yet.</p>;
}

function WhoDidIt({ spans, one }: Pick<WorkerBarsProps, 'spans' | 'one'>) {
  const workers = useMemo(
    () => (spans === undefined ? [] : workerSummary(layOutTimeline(spans, Date.now()).lanes)),
    [spans],
  );
  if (workers.length === 0) return null;
  return (
    <Panel title="Workers">
      <ul className={classes.lanes}>
        {workers.map(({ name, done, medianMs }) => (
          <li key={name} className={classes.laneHead}>
            <b>{name}</b>
            <span>
              {plural(done, one)}
              {medianMs !== null && `, ${formatDuration(medianMs)} each`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
