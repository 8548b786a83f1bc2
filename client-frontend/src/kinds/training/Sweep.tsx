import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { formatCount, formatMeasured, plural } from '../../components/format.ts';
import { LineChart } from '../../components/LineChart.tsx';
import { Panel } from '../../components/Panel.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { sweepQuery } from './queries.ts';
import { type Entry, useSweep } from './sweep-entries.ts';
import classes from './Training.module.css';

/** The jobs of one grid of parameters side by side. Nothing for a job that is alone in its group. */
export function Sweep({ job, group }: { job: JobDetail; group: string }) {
  const list = useQuery(sweepQuery(group)).data;
  if (list === undefined || list.total < 2) return null;
  return <SideBySide job={job} ids={list.jobs.map((one) => one.id as string)} total={list.total} />;
}

function SideBySide({ job, ids, total }: { job: JobDetail; ids: string[]; total: number }) {
  const { entries, metric, names, best } = useSweep(ids, job.id);
  const [x, setX] = useState<number | null>(null);
  const lines = entries.flatMap((entry) => entry.line ?? []);
  return (
    <Panel
      title="Sweep"
      aside={
        total > ids.length
          ? `The newest ${ids.length} of ${plural(total, 'job')}`
          : `${plural(total, 'job')} of one script and data`
      }
    >
      <div className={lines.length > 0 ? classes.side : undefined}>
        {lines.length > 0 && (
          <figure className={classes.chart}>
            <figcaption>
              <b>{metric}</b>
              <span>{x === null ? 'of the merged models' : `round ${formatCount(Math.round(x))}`}</span>
            </figcaption>
            <LineChart
              lines={lines}
              height={240}
              told={`${metric} of each job over its rounds.`}
              onHover={setX}
            />
          </figure>
        )}
        <div className={classes.sweep}>
          <table>
            <thead>
              <tr>
                <th scope="col">{names.length === 0 ? 'Job' : names.join(', ')}</th>
                <th scope="col">Best {metric}</th>
                <th scope="col">Round</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Row key={entry.id} entry={entry} present={entry.id === job.id} best={entry.id === best} />
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </Panel>
  );
}

function Row({ entry, present, best }: { entry: Entry; present: boolean; best: boolean }) {
  const { id, title, job, color, value } = entry;
  return (
    <tr>
      <td>
        <i className={classes.mark} style={{ background: `var(${color})` }} aria-hidden />
        {present ? <span aria-current="page">{title}</span> : <Link to={`/jobs/${id}`}>{title}</Link>}
        {best && <em>best</em>}
      </td>
      <td>{value === null ? '–' : formatMeasured(value)}</td>
      <td>{entry.rounds}</td>
      <td>{job !== undefined && <StateBadge job={job} />}</td>
    </tr>
  );
}
