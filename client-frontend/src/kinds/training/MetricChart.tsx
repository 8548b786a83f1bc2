import { useState } from 'react';
import { formatMeasured } from '../../components/format.ts';
import { LineChart } from '../../components/LineChart.tsx';
import { type MetricLine, MOST_COLORS, valueAt } from './curve-lines.ts';
import classes from './Training.module.css';

type MetricChartProps = { metric: string; lines: readonly MetricLine[]; height: number };

/** The curves of one metric, with their values at the pointer or else the newest ones. */
export function MetricChart({ metric, lines, height }: MetricChartProps) {
  const [x, setX] = useState<number | null>(null);
  return (
    <figure className={classes.chart}>
      <figcaption>
        <b>{metric}</b>
        {x !== null && <span>round {x.toLocaleString('en', { maximumFractionDigits: 2 })}</span>}
      </figcaption>
      <LineChart lines={lines} height={height} told={told(metric, lines)} onHover={setX} />
      <Legend lines={lines} x={x} />
    </figure>
  );
}

function Legend({ lines, x }: { lines: readonly MetricLine[]; x: number | null }) {
  const shards = lines.filter((line) => line.shard !== null);
  const merged = lines.filter((line) => line.shard === null);
  return (
    <ul className={classes.legend}>
      {[...merged, ...(shards.length > MOST_COLORS ? [] : shards)].map((line) => (
        <li key={line.key} data-strong={line.strong || undefined}>
          <i style={{ background: `var(${line.color})` }} aria-hidden />
          {line.name} <b>{shown(valueAt(line, x))}</b>
        </li>
      ))}
      {shards.length > MOST_COLORS && (
        <li>
          <i style={{ background: `var(${shards[0]?.color})` }} aria-hidden />
          {shards.length} shards <b>{rangeOf(shards, x)}</b>
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
