import { NativeSelect } from '@mantine/core';
import { type ComponentProps, useState } from 'react';
import { formatCount } from '../../components/format.ts';
import { LineChart } from '../../components/LineChart.tsx';
import classes from './Training.module.css';

type ComparedChartProps = Pick<ComponentProps<typeof LineChart>, 'lines' | 'log' | 'height' | 'told'> & {
  metrics: readonly string[];
  metric: string;
  onChoose(metric: string): void;
};

/** What several merged models came to, round by round, by a metric that may be chosen. */
export function ComparedChart({ metrics, metric, onChoose, ...drawn }: ComparedChartProps) {
  const [x, setX] = useState<number | null>(null);
  return (
    <figure className={classes.chart}>
      <figcaption>
        {metrics.length > 1 ? (
          <NativeSelect
            size="xs"
            aria-label="Metric"
            data={metrics}
            value={metric}
            onChange={({ currentTarget }) => onChoose(currentTarget.value)}
          />
        ) : (
          <b>{metric}</b>
        )}
        <span>{x === null ? 'of the merged models' : `round ${formatCount(Math.round(x))}`}</span>
      </figcaption>
      <LineChart {...drawn} onHover={setX} />
    </figure>
  );
}
