import type { WorkerLoad } from '@parallel-pilot/shared/api/machines.ts';
import { useQuery } from '@tanstack/react-query';
import { formatPercent } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import people from '../people/People.module.css';
import { workerLoadQuery } from '../people/queries.ts';
import classes from './Workers.module.css';

type Sample = WorkerLoad['samples'][number];
const WIDTH = 600;
const HEIGHT = 120;
const DAY_MS = 86_400_000;
/** Samples come every five minutes; where more is missing, the machine was away. */
const GAP_MS = 11 * 60_000;

/** How busy the machine was over the last day. */
export function LoadPanel({ id, memoryBytes }: { id: string; memoryBytes: number }) {
  const samples = useQuery(workerLoadQuery(id)).data?.samples;
  if (samples === undefined || samples.length < 2) return null;
  const end = samples.at(-1)?.at ?? 0;
  const memory = (sample: Sample) => (memoryBytes === 0 ? 0 : sample.memoryUsedBytes / memoryBytes);
  const mean = samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length;
  return (
    <Panel title="The last day" aside={`processor ${formatPercent(mean)} on average`}>
      <svg
        className={classes.loadChart}
        role="img"
        aria-label={`Processor and memory in use over the last day; the processor ${formatPercent(mean)} on average.`}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        <path d={pathOf(samples, end, ({ cpu }) => cpu)} stroke="var(--curve-1)" />
        <path d={pathOf(samples, end, memory)} stroke="var(--curve-2)" />
      </svg>
      <p className={people.note}>
        <span className={classes.key} style={{ background: 'var(--curve-1)' }} /> Processor{' '}
        <span className={classes.key} style={{ background: 'var(--curve-2)' }} /> Memory
      </p>
    </Panel>
  );
}

function pathOf(samples: readonly Sample[], end: number, value: (sample: Sample) => number): string {
  let before = Number.NEGATIVE_INFINITY;
  return samples
    .map((sample) => {
      const x = WIDTH * (1 - (end - sample.at) / DAY_MS);
      const y = HEIGHT - 2 - (HEIGHT - 4) * Math.min(1, Math.max(0, value(sample)));
      const step = sample.at - before > GAP_MS ? 'M' : 'L';
      before = sample.at;
      return `${step}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
