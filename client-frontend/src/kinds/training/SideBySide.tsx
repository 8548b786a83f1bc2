import { useState } from 'react';
import { Link } from 'react-router';
import { formatMeasured } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { ChartSwitches } from './ChartSwitches.tsx';
import { ComparedChart } from './ComparedChart.tsx';
import { canBeLog, PLAIN_VIEW, toggled, viewed } from './chart-view.ts';
import { type Entry, useCompared } from './compared.ts';
import classes from './Training.module.css';

type SideBySideProps = {
  title: string;
  aside: string;
  ids: readonly string[];
};

/** The curves of several trainings in one chart, and what each came to. */
export function SideBySide({ title, aside, ids }: SideBySideProps) {
  const { entries, columns, metrics, metric, best, choose } = useCompared(ids);
  const [view, setView] = useState(PLAIN_VIEW);
  const lines = entries.flatMap((entry) => entry.line ?? []);
  const log = view.log && canBeLog(lines);
  return (
    <Panel title={title} aside={aside}>
      {lines.length > 0 && <ChartSwitches view={view} canBeLog={canBeLog(lines)} onChange={setView} />}
      <div className={lines.length > 0 ? classes.side : undefined}>
        {lines.length > 0 && (
          <ComparedChart
            metrics={metrics}
            metric={metric}
            onChoose={choose}
            lines={viewed(lines, { ...view, log })}
            log={log}
            height={240}
            told={`${metric} of each job over its rounds.`}
          />
        )}
        <div className={classes.sweep}>
          <table>
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">Best {metric}</th>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
                <th scope="col">Round</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Row
                  key={entry.id}
                  entry={entry}
                  others={entries.filter(({ id }) => id !== entry.id)}
                  best={entry.id === best}
                  shown={!view.hidden.has(entry.id)}
                  onToggle={() => setView({ ...view, hidden: toggled(view.hidden, [entry.id]) })}
                />
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </Panel>
  );
}

type RowProps = {
  entry: Entry;
  others: readonly Entry[];
  best: boolean;
  shown: boolean;
  onToggle(): void;
};

function Row({ entry, others, best, shown, onToggle }: RowProps) {
  const { id, title, job, color, value } = entry;
  return (
    <tr>
      <td>
        <button
          type="button"
          className={classes.markSwitch}
          aria-pressed={shown}
          aria-label={`Line of ${title}`}
          disabled={entry.line === null}
          onClick={onToggle}
        >
          <i className={classes.mark} style={{ background: `var(${color})` }} aria-hidden />
        </button>
        <Link to={`/jobs/${id}`}>{title}</Link>
        {best && <em>best</em>}
      </td>
      <td>{value === null ? '–' : formatMeasured(value)}</td>
      {entry.cells.map((cell, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells are those of the columns
        <td key={at}>{isRare(cell, at, others) ? <mark>{cell}</mark> : cell}</td>
      ))}
      <td>{entry.rounds}</td>
      <td>{job !== undefined && <StateBadge job={job} />}</td>
    </tr>
  );
}

/** Fewer than half of the others have the same there. */
const isRare = (cell: string, at: number, others: readonly Entry[]): boolean =>
  cell !== '–' && others.filter(({ cells }) => cells[at] === cell).length * 2 < others.length;
