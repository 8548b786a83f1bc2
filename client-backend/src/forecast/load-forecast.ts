import { setImmediate as pause } from 'node:timers/promises';
import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { DayForecast } from '@parallel-pilot/shared/protocol/control.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { forecastNetwork, loadHistory, presentLoad } from '@parallel-pilot/shared/server/db/load.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { backtest, byNetwork, type Judged } from './backtest.ts';
import { forecastsAt } from './holt-winters.ts';
import type { Network } from './lstm.ts';
import type { Outlook } from './outlook.ts';
import { DAY, endOf, type Series, seriesOf } from './series.ts';
import { takeWeights } from './take-weights.ts';

type History = Awaited<ReturnType<typeof loadHistory>>;
export type Present = NonNullable<Awaited<ReturnType<typeof presentLoad>>>;

/** What was forecast at the beginning of a quarter hour, for the day from then on. */
export type Made = {
  quarter: number;
  madeAt: number;
  /** The history it was made from. */
  history: History;
  network: { job: string; takenAt: number } | null;
  /** How many days are known. */
  days: number;
  /** Null while the history is too short. */
  forecast: { judged: Judged; demand: Float64Array; capacity: Float64Array } | null;
};

/** The forecast of the farm's load: made once in a quarter hour, off the way of requests. */
export interface LoadForecast {
  /** The newest one; made now where there is none yet. */
  made(): Promise<Made>;
  /** What the load balancer last said; null where that is not of the last quarter of an hour. */
  present(): Promise<Present | null>;
  outlook(): Promise<Outlook>;
  /** Makes it anew: the network is another one. */
  renew(): Promise<void>;
  start(): void;
  close(): void;
}

const LOOK_MS = 30_000;

type ForecastDeps = { db: Db; clock: Clock; log: Log; tell?: (forecast: DayForecast) => void };

/** For deadlines and ends; null where there is nothing but the present. */
function forTheBalancer({ quarter: at, forecast }: Made): DayForecast | null {
  if (forecast === null) return null;
  const { capacity, demand } = forecast;
  const quarters = Array.from(capacity, (capacityMs, place) => ({
    capacityMs,
    demandMs: demand[place] ?? 0,
  }));
  return { at, quarters };
}

/** `tell` is said each one that is made, but where the history is too short. */
export function createLoadForecast({ db, clock, log, tell = () => {} }: ForecastDeps): LoadForecast {
  let newest: Promise<Made> | null = null;
  let timer: NodeJS.Timeout | undefined;

  const make = async (before: Promise<Made> | null): Promise<Made> => {
    await before?.catch(() => undefined);
    const [history, row] = [await loadHistory(db), await forecastNetwork(db)];
    const taken = row === undefined ? null : takeWeights(Buffer.from(row.weights, 'base64'));
    const network = taken?.ok === true ? taken.network : null;
    const named = row === undefined || network === null ? null : { job: row.job_name, takenAt: row.taken_at };
    const one = { ...(await forecastFrom(history, network, clock())), network: named };
    const told = forTheBalancer(one);
    if (told !== null) tell(told);
    return one;
  };
  const renew = (): Promise<Made> => {
    newest = make(newest);
    // The next one who asks tries again.
    newest.catch(() => {
      newest = null;
    });
    return newest;
  };
  const look = async (): Promise<void> => {
    try {
      const { quarter, network } = await (newest ?? renew());
      const taken = (await forecastNetwork(db))?.taken_at ?? null;
      if (quarter !== quarterOf(clock()) || taken !== (network?.takenAt ?? null)) await renew();
    } catch (err) {
      log.warn({ event: 'load.forecast-failed', err });
    }
  };
  const made = () => newest ?? renew();
  const present = async () => (await presentLoad(db, clock())) ?? null;
  return {
    made,
    present,
    outlook: async () => outlookFrom(await made(), await present(), clock()),
    renew: async () => void (await renew()),
    start() {
      timer = setInterval(look, LOOK_MS).unref();
    },
    close: () => clearInterval(timer),
  };
}

async function forecastFrom(
  history: History,
  network: Network | null,
  now: number,
): Promise<Omit<Made, 'network'>> {
  const demand = seriesOf(
    history.map(({ at, arrived_ms, open_ms }) => ({ at, value: arrived_ms + open_ms })),
    now,
  );
  const capacity = seriesOf(
    history.map(({ at, capacity_ms }) => ({ at, value: capacity_ms })),
    now,
  );
  const made = { quarter: endOf(demand), madeAt: now, history, days: demand.values.length / DAY };
  const [ofDemand, ofCapacity] = [await run(backtest(demand, network)), await run(backtest(capacity, null))];
  if (ofDemand === null || ofCapacity === null) return { ...made, forecast: null };
  const byLstm = network !== null && ofDemand.judged.used === 'lstm';
  return {
    ...made,
    forecast: {
      judged: ofDemand.judged,
      demand: byLstm
        ? byNetwork(demand, network, demand.values.length)
        : byHoltWinters(demand, ofDemand.smoothing),
      capacity: byHoltWinters(capacity, ofCapacity.smoothing),
    },
  };
}

function byHoltWinters(series: Series, smoothing: Parameters<typeof forecastsAt>[1]): Float64Array {
  const [forecast] = forecastsAt(series, smoothing, [series.values.length], DAY);
  return forecast ?? new Float64Array(DAY);
}

/** Lets requests in between the steps. */
async function run<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Where there is no history, the workers that are here now are taken to stay, and no more work to come. */
export function outlookFrom({ quarter, forecast }: Made, present: Present | null, now: number): Outlook {
  const usual = (present?.speed ?? 0) * QUARTER_MS;
  const running = quarterOf(now);
  const quarters = Array.from({ length: DAY }, (_, place) => {
    const at = running + place * QUARTER_MS;
    const known = Math.min(DAY - 1, (at - quarter) / QUARTER_MS);
    // Who is here now is known.
    const forecastMs = place === 0 && present !== null ? usual : forecast?.capacity[known];
    return { at, demandMs: forecast?.demand[known] ?? 0, capacityMs: forecastMs ?? usual };
  });
  return { now, waitingMs: present?.waiting_ms ?? 0, quarters };
}
