import type { Load } from '@parallel-pilot/shared/api/load.ts';
import { adviceWords, clockWords, forecastWords } from '@parallel-pilot/shared/api/load-words.ts';
import { table, wrap } from '../text/columns.ts';
import { plural } from '../text/units.ts';

const HOUR_MS = 3_600_000;
const HOUR = 4;

/** The load of a farm as lines: what stands, what to do, and the next day by the hour. */
export function loadLines(load: Load, width: number): string[] {
  const { present, future, forecast } = load;
  const now =
    present === null
      ? ['The load balancer has said nothing for a quarter of an hour.']
      : [`${hours(present.waitingMs)} of work waits; ${plural(present.workers, 'worker')} connected.`];
  const lines = [...now, adviceWords(load), '', ...wrap(forecastWords(load), width)];
  if (forecast.from === 'present') return lines;
  const rows = Array.from({ length: Math.floor(future.length / HOUR) }, (_, hour) => {
    const quarters = future.slice(hour * HOUR, (hour + 1) * HOUR);
    const sum = (of: 'demandMs' | 'capacityMs') => quarters.reduce((all, quarter) => all + quarter[of], 0);
    return [
      clockWords(quarters[0]?.at ?? 0, quarters[0]?.at ?? 0),
      hours(sum('demandMs')),
      hours(sum('capacityMs')),
    ];
  });
  return [...lines, '', ...table(['FROM', 'COMES', 'CAN BE DONE'], rows, width)];
}

/** Hours of a worker of usual speed. */
const hours = (ms: number): string => `${(ms / HOUR_MS).toFixed(1)} h`;
