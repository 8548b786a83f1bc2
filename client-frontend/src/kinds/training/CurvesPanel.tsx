import { Button, Skeleton } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { Bar } from '../../components/Bar.tsx';
import { Panel } from '../../components/Panel.tsx';
import { ChartSwitches } from './ChartSwitches.tsx';
import { canBeLog, PLAIN_VIEW, toggled } from './chart-view.ts';
import { linesOf } from './curve-lines.ts';
import { shownNames } from './curve-points.ts';
import { useLiveCurves } from './live-curves.ts';
import { MetricChart } from './MetricChart.tsx';
import classes from './Training.module.css';

/** What the shards and the merged model measured, a chart for each metric. */
export function CurvesPanel({ job }: { job: JobDetail }) {
  const { curves, error, refetch } = useLiveCurves(job);
  const charts = shownNames(curves?.names ?? [])
    .map((metric) => ({ metric, lines: curves === undefined ? [] : linesOf(curves, metric) }))
    .filter(({ lines }) => lines.length > 0);
  const [view, setView] = useState(PLAIN_VIEW);
  return (
    <Panel title="Curves" aside={charts.length > 0 && 'Merged model strong, shards fine, over the rounds'}>
      {curves === undefined && error === null && <Skeleton height={420} radius={12} />}
      {curves === undefined && error !== null && (
        <div className={classes.nothing}>
          <p role="alert">{sentenceOf(error)}</p>
          <Button variant="default" onClick={() => void refetch()}>
            Try again
          </Button>
        </div>
      )}
      {curves !== undefined && charts.length === 0 && <Nothing job={job} />}
      {charts.length > 0 && (
        <ChartSwitches
          view={view}
          canBeLog={charts.some(({ lines }) => canBeLog(lines))}
          onChange={setView}
        />
      )}
      <div className={classes.charts}>
        {charts.map(({ metric, lines }) => (
          <MetricChart
            key={metric}
            metric={metric}
            lines={lines}
            height={charts.length > 2 ? 170 : 210}
            view={view}
            onToggle={(keys) => setView({ ...view, hidden: toggled(view.hidden, keys) })}
          />
        ))}
      </div>
    </Panel>
  );
}

/** What happens before there is anything to draw. */
function Nothing({ job }: { job: JobDetail }) {
  const over = isOver(job.state);
  return (
    <div className={classes.nothing} role="status">
      <p>{over ? 'Nothing was measured.' : sentence(job)}</p>
      {!over && job.stage === 'split' && (
        <Bar
          label="Splitting the data"
          fraction={job.backgroundFraction ?? 0}
          color="var(--state-running)"
          height={10}
        />
      )}
    </div>
  );
}

function sentence({ state, stage, counts }: JobDetail): string {
  if (state === 'paused') return 'Paused before anything was measured.';
  if (stage === 'split') return 'The farm reads the data and splits it into shards.';
  if (stage === 'environment') {
    return counts.running > 0
      ? 'A worker installs the packages that the script asks for, for all of them.'
      : 'Waiting for a worker to install packages.';
  }
  if (stage === 'initialize') {
    return counts.running > 0
      ? 'A worker runs the script once, to make the weights that all shards start from.'
      : 'Waiting for a worker to make the first weights.';
  }
  return 'The curves begin with the first thing the script reports.';
}
