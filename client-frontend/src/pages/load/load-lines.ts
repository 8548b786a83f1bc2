import type { Load } from '@parallel-pilot/shared/api/load.ts';
import type { ChartLine } from '../../components/chart-options.ts';

const HOUR_MS = 3_600_000;
const QUARTER_MS = HOUR_MS / 4;

/** When the chart begins, in ms since 1970: the midnight before what is shown, so that days begin where they do. */
export function startOf({ past, now }: Load): number {
  const first = new Date(past[0]?.at ?? now);
  return new Date(first.getFullYear(), first.getMonth(), first.getDate()).getTime();
}

type Quarter = { at: number; demandMs: number; capacityMs: number };

/** Means of hours, in workers of speed 1: what was, and dashed what is expected. x is in hours from the start on. */
export function loadLines(load: Load): ChartLine[] {
  const start = startOf(load);
  const known = load.forecast.from === 'history';
  const { past, future } = load;
  const line = (name: string, quarters: readonly Quarter[], value: (quarter: Quarter) => number) => ({
    key: name,
    ...byHour(quarters, value, start),
    strong: true,
  });
  const came = ({ demandMs }: Quarter) => demandMs;
  const could = ({ capacityMs }: Quarter) => capacityMs;
  return [
    { ...line('could', past, could), color: '--curve-1' },
    { ...line('came', past, came), color: '--curve-2' },
    { ...line('can', future, could), color: '--curve-1', dashed: true },
    ...(known ? [{ ...line('comes', future, came), color: '--curve-2', dashed: true }] : []),
  ].filter(({ xs }) => xs.length > 0);
}

function byHour(
  quarters: readonly Quarter[],
  value: (quarter: Quarter) => number,
  start: number,
): { xs: number[]; ys: number[] } {
  const hours = Map.groupBy(quarters, ({ at }) => Math.floor((at - start) / HOUR_MS));
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const all of hours.values()) {
    // Of the hour that it is now, a part was and a part is to come.
    const middle = ((all[0]?.at ?? 0) + (all.at(-1)?.at ?? 0) + QUARTER_MS) / 2;
    xs.push((middle - start) / HOUR_MS);
    ys.push(all.reduce((sum, quarter) => sum + value(quarter), 0) / (all.length * QUARTER_MS));
  }
  return { xs, ys };
}

/** Of the coming days the first such hour that is at least two hours away: by then a night's queue is to be done. */
export function nextMorning(now: number, hour = 6): number {
  const at = new Date(now);
  at.setHours(hour, 0, 0, 0);
  while (at.getTime() < now + 2 * HOUR_MS) at.setDate(at.getDate() + 1);
  return at.getTime();
}
