import { Load } from '@parallel-pilot/shared/api/load.ts';
import { adviceWords, forecastWords } from '@parallel-pilot/shared/api/load-words.ts';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { request, sentenceOf } from '../../api/request.ts';
import type { ChartAxis } from '../../components/chart-options.ts';
import { formatClock, formatMeasured, plural } from '../../components/format.ts';
import { LineChart } from '../../components/LineChart.tsx';
import { Panel } from '../../components/Panel.tsx';
import classes from './FarmLoad.module.css';
import { loadLines, nextMorning, startOf } from './load-lines.ts';

const HOUR_MS = 3_600_000;

const getLoad = (signal: AbortSignal) =>
  request(Load, `/api/v1/load?by=${nextMorning(Date.now())}`, { signal });

/** What the farm had to do and could do, what is expected of the next day, and what would end the queue. */
export function FarmLoad() {
  const { data, error } = useQuery({
    queryKey: ['farm-load'],
    queryFn: ({ signal }) => getLoad(signal),
    refetchInterval: 30_000,
  });
  if (data === undefined) {
    return error === null ? null : (
      <Panel title="Load">
        <p className={classes.quiet}>{sentenceOf(error)}</p>
      </Panel>
    );
  }
  return (
    <Panel title="Load" aside={standing(data)}>
      <p className={classes.advice}>{adviceWords(data)}</p>
      {data.past.length > 0 && <Chart load={data} />}
      <p className={classes.quiet}>{forecastWords(data)}</p>
      <p className={classes.quiet}>
        <Link to="/farm/settings">When jobs with a deadline go before others</Link>
      </p>
    </Panel>
  );
}

function standing({ present }: Load): string {
  if (present === null) return 'the load balancer has said nothing of late';
  const { waitingMs, workers } = present;
  const waits =
    waitingMs === 0 ? 'nothing' : `${formatMeasured(Math.round(waitingMs / HOUR_MS / 0.1) * 0.1)} hours`;
  return `${waits} to do, ${plural(workers, 'worker')}`;
}

function Chart({ load }: { load: Load }) {
  const start = startOf(load);
  const lines = useMemo(() => loadLines(load), [load]);
  const axis = useMemo((): ChartAxis => ({ steps: [6, 12, 24], text: (x) => hourWords(start, x) }), [start]);
  const expected = load.forecast.from === 'history';
  return (
    <figure className={classes.chart}>
      <LineChart lines={lines} height={200} axis={axis} told={told(load)} />
      <figcaption className={classes.legend}>
        <span>
          <i style={{ borderColor: 'var(--curve-2)' }} /> Work that came
        </span>
        <span>
          <i style={{ borderColor: 'var(--curve-1)' }} /> What workers could do
        </span>
        <span>
          <i data-dashed /> {expected ? 'Forecast of both' : 'As now'}
        </span>
        <span>in workers of usual speed</span>
      </figcaption>
    </figure>
  );
}

/** The day where one begins. */
function hourWords(start: number, x: number): string {
  const at = new Date(start);
  at.setHours(x, 0);
  if (at.getHours() !== 0) return formatClock(at.getTime());
  return at.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric' });
}

function told({ past, future, forecast }: Load): string {
  const hours = (all: Load['future']) =>
    formatMeasured(Math.round(all.reduce((sum, { demandMs }) => sum + demandMs, 0) / HOUR_MS));
  const coming = forecast.from === 'history' ? `, and ${hours(future)} are expected in the next day` : '';
  return `Work and capacity of the last two days in workers of usual speed: ${hours(past)} hours of work came${coming}.`;
}
