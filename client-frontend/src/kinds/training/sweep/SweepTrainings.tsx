import type { SweepView, SweptTraining } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { formatCount, formatMeasured } from '../../../components/format.ts';
import { StateBadge } from '../../../components/StateBadge.tsx';
import { ChartSwitches } from '../ChartSwitches.tsx';
import { ComparedChart } from '../ComparedChart.tsx';
import { canBeLog, PLAIN_VIEW, toggled, viewed } from '../chart-view.ts';
import chart from '../Training.module.css';
import classes from './Sweep.module.css';
import { goalOf, linesOf, type Order, type SweepRow, sorted, tableOf } from './sweep-rows.ts';

/** The curves of a sweep's trainings over each other, and what each came to. `present`: whose page this is. */
export function SweepTrainings({ view, present }: { view: SweepView; present: string | null }) {
  const [chosen, choose] = useState<string | null>(null);
  const [looks, setLooks] = useState(PLAIN_VIEW);
  const [order, setOrder] = useState<Order | null>(null);
  const table = tableOf(view, chosen);
  const { params, metrics, metric, others } = table;
  const down = goalOf(view, metric) === 'max';
  const usual: Order =
    metric === '' ? { by: 'number', name: '', down: false } : { by: 'metric', name: metric, down };
  const by = order ?? usual;
  const rows = sorted(table, by);
  const lines = linesOf(table.rows, metric, present ?? view.best);
  const log = looks.log && canBeLog(lines);
  const head = { by, onSort: setOrder };
  return (
    <>
      {lines.length > 0 && (
        <>
          <ChartSwitches view={looks} canBeLog={canBeLog(lines)} onChange={setLooks} />
          <ComparedChart
            metrics={metrics}
            metric={metric}
            onChoose={(name) => {
              choose(name);
              setOrder(null);
            }}
            lines={viewed(lines, { ...looks, log })}
            log={log}
            height={260}
            told={`${metric} of ${lines.length} trainings over their rounds.`}
          />
        </>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className={classes.swept} aria-label="Trainings of the sweep" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <Head {...head} to={{ by: 'number', name: '', down: false }} text="Training" />
              {params.map((name) => (
                <Head key={name} {...head} to={{ by: 'param', name, down: false }} text={name} />
              ))}
              {metric !== '' && (
                <Head {...head} to={{ by: 'metric', name: metric, down }} text={`Best ${metric}`} />
              )}
              {others.map((name) => (
                <Head
                  key={name}
                  {...head}
                  to={{ by: 'metric', name, down: goalOf(view, name) === 'max' }}
                  text={name}
                />
              ))}
              <Head {...head} to={{ by: 'round', name: '', down: true }} text="Rounds" />
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={row.training.job}
                row={row}
                hasLine={lines.some(({ key }) => key === row.training.job)}
                present={row.training.job === present}
                best={row.training.job === view.best}
                metric={metric !== ''}
                shown={!looks.hidden.has(row.training.job)}
                onToggle={() => setLooks({ ...looks, hidden: toggled(looks.hidden, [row.training.job]) })}
              />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

type HeadProps = { text: string; to: Order; by: Order; onSort(order: Order): void };

/** The head of a column that the table may be sorted by; once more, the other way. */
function Head({ text, to, by, onSort }: HeadProps) {
  const present = by.by === to.by && by.name === to.name;
  const Arrow = by.down ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" aria-sort={present ? (by.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" onClick={() => onSort(present ? { ...by, down: !by.down } : to)}>
        {text}
        {present && <Arrow size={13} aria-hidden />}
      </button>
    </th>
  );
}

type RowProps = {
  row: SweepRow;
  hasLine: boolean;
  present: boolean;
  best: boolean;
  metric: boolean;
  shown: boolean;
  onToggle(): void;
};

function Row({ row, hasLine, present, best, metric, shown, onToggle }: RowProps) {
  const { training, color, value, values, cells } = row;
  const { job, number, round, rounds, because } = training;
  const title = `Training ${number}`;
  return (
    <>
      <tr data-noted={because !== null || undefined}>
        <td>
          <button
            type="button"
            className={chart.markSwitch}
            aria-pressed={shown}
            aria-label={`Line of ${title}`}
            disabled={!hasLine}
            onClick={onToggle}
          >
            <i className={chart.mark} style={{ background: `var(${color})` }} aria-hidden />
          </button>
          {present ? (
            <span aria-current="page">{number}</span>
          ) : (
            <Link to={`/jobs/${job}`} aria-label={title}>
              {number}
            </Link>
          )}
          {best && <em>best</em>}
        </td>
        {cells.map(({ text, differs }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: cells are those of the columns
          <td key={at}>{differs ? <mark>{text}</mark> : text}</td>
        ))}
        {metric && <td>{value === null ? '–' : formatMeasured(value)}</td>}
        {values.map((one, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: cells are those of the columns
          <td key={at}>{one === null ? '–' : formatMeasured(one)}</td>
        ))}
        <td>
          {formatCount(round)} of {formatCount(rounds)}
        </td>
        <td>
          <StateBadge job={shownState(training)} />
        </td>
      </tr>
      {because !== null && (
        <tr className={classes.why}>
          <td colSpan={4 + cells.length + values.length}>
            <span>{because.sentence}</span>
          </td>
        </tr>
      )}
    </>
  );
}

const shownState = ({ state, round, rounds, because }: SweptTraining) => ({
  state,
  fraction: round / rounds,
  problem: because?.code === 'stopped' ? { code: 'stopped' } : null,
  waits: because?.code === 'turn' || because?.code === 'rung',
});
