import type { Load } from '@parallel-pilot/shared/api/load.ts';
import { adviceOn } from './advice.ts';
import { LEAST_HISTORY } from './backtest.ts';
import { type LoadForecast, type Made, outlookFrom } from './load-forecast.ts';
import { DAY } from './series.ts';

const SHOWN_MS = 2 * 24 * 60 * 60_000;
/** Where nobody says by when a queue is to end. */
const USUAL_MS = 8 * 60 * 60_000;

/** What a page shows of the farm's load; `by`: when the queue is to be at its end. */
export async function loadView(load: LoadForecast, now: number, by = now + USUAL_MS): Promise<Load> {
  const [made, present] = [await load.made(), await load.present()];
  const outlook = outlookFrom(made, present, now);
  const speed = present === null || present.workers === 0 ? null : present.speed / present.workers;
  return {
    now,
    present:
      present === null
        ? null
        : { workers: present.workers, speed: present.speed, waitingMs: present.waiting_ms },
    past: pastOf(made, now),
    future: [...outlook.quarters],
    forecast: howMade(made),
    network: made.network,
    advice: adviceOn(outlook, by, speed),
  };
}

const pastOf = ({ history, quarter }: Made, now: number): Load['past'] =>
  history.flatMap(({ at, arrived_ms, open_ms, capacity_ms, waiting_ms }) =>
    at < now - SHOWN_MS || at >= quarter
      ? []
      : [{ at, demandMs: arrived_ms + open_ms, capacityMs: capacity_ms, waitingMs: waiting_ms }],
  );

function howMade({ forecast, days, madeAt }: Made): Load['forecast'] {
  if (forecast === null) return { from: 'present', days, needsDays: LEAST_HISTORY / DAY };
  return { from: 'history', ...forecast.judged, madeAt };
}
