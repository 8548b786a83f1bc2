import { useMemo, useState } from 'react';
import { formatMeasured } from '../../components/format.ts';
import { LineChart } from '../../components/LineChart.tsx';
import { type ChartView, canBeLog, viewed } from './chart-view.ts';
import { type MetricLine, MOST_COLORS, valueAt } from './curve-lines.ts';
import classes from './Training.module.css';

type MetricChartProps = {
  metric: string;
  lines: readonly MetricLine[];
  height: number;
  view: ChartView;
  /** Lines of the legend are switched on or off. */
  onToggle(keys: readonly string[]): void;
};

/** The curves of one metric, with their values at the pointer or else the newest ones. */
export function MetricChart({ metric, lines, height, view, onToggle }: MetricChartProps) {
  const [x, setX] = useState<number | null>(null);
  const log = view.log && canBeLog(lines);
  const drawn = useMemo(() => viewed(lines, { ...view, log }), [lines, view, log]);
  return (
    <figure className={classes.chart}>
      <figcaption>
        <b>{metric}</b>
        {x !== null && <span>round {x.toLocaleString('en', { maximumFractionDigits: 2 })}</span>}
      </figcaption>
      <LineChart lines={drawn} height={height} told={told(metric, lines)} log={log} onHover={setX} />
      <Legend lines={lines} x={x} hidden={view.hidden} onToggle={onToggle} />
    </figure>
  );
}

type LegendProps = Pick<MetricChartProps, 'lines' | 'onToggle'> & {
  x: number | null;
  hidden: ReadonlySet<string>;
};

/** The lines by name with their values, not smoothed; each a switch for its line. */
function Legend({ lines, x, hidden, onToggle }: LegendProps) {
  const shards = lines.filter((line) => line.shard !== null);
  const merged = lines.filter((line) => line.shard === null);
  return (
    <ul className={classes.legend}>
      {[...merged, ...(shards.length > MOST_COLORS ? [] : shards)].map((line) => (
        <li key={line.key} data-strong={line.strong || undefined}>
          <button type="button" aria-pressed={!hidden.has(line.key)} onClick={() => onToggle([line.key])}>
            <i style={{ background: `var(${line.color})` }} aria-hidden />
            {line.name} <b>{shown(valueAt(line, x))}</b>
          </button>
        </li>
      ))}
      {shards.length > MOST_COLORS && (
        <li>
          <button
            type="button"
            aria-pressed={!shards.every((line) => hidden.has(line.key))}
            onClick={() => onToggle(shards.map((line) => line.key))}
          >
            <i style={{ background: `var(${shards[0]?.color})` }} aria-hidden />
            {shards.length} shards <b>{rangeOf(shards, x)}</b>
          </button>
        </li>
      )}
    </ul>
  );
}

const shown = (value: number | undefined): string => (value === undefined ? '–' : formatMeasured(value));

function rangeOf(lines: readonly MetricLine[], x: number | null): string {
  const values = lines.flatMap((line) => valueAt(line, x) ?? []);
  if (values.length === 0) return '–';
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  return `${formatMeasured(least)} to ${formatMeasured(most)}`;
}

/** The chart in words, for who does not see it. The table of rounds has the figures. */
function told(metric: string, lines: readonly MetricLine[]): string {
  const merged = lines.find((line) => line.shard === null);
  const shards = lines.filter((line) => line.shard !== null);
  const parts = [
    merged === undefined ? '' : `merged model ${shown(valueAt(merged, null))}`,
    shards.length === 0 ? '' : `${shards.length} shards ${rangeOf(shards, null)}`,
  ];
  return `${metric} over the rounds. Newest: ${parts.filter((part) => part !== '').join('; ')}.`;
}
