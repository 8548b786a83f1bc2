import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { forecastsAt, SMOOTHINGS, type Smoothing } from './holt-winters.ts';
import { forecastOf, type Network } from './lstm.ts';
import { DAY, type Series, WEEK } from './series.ts';

/** What was forecast is compared by the hour: when within one a burst comes, nobody has to know. */
const HOUR = 4;
/** Six hours lie between two forecasts that are tried. */
const APART = 24;
/** Over so much the ways are compared; the network is not shown what lies within it. */
export const JUDGED = 2 * WEEK;
/** Before the first forecast two days have to be known. */
const LEAST_BEFORE = 2 * DAY;
export const LEAST_HISTORY = LEAST_BEFORE + DAY;

/** Places in a series of that length at which forecasts are tried, oldest first: at most 53, with a day after each. */
export function originsOf(length: number): number[] {
  const origins: number[] = [];
  const least = Math.max(LEAST_BEFORE, length - JUDGED);
  for (let origin = length - DAY; origin >= least; origin -= APART) origins.unshift(origin);
  return origins;
}

/** Sum of what forecasts were off by, each hour, and how many hours that were. */
export class Errors {
  #off = 0;
  #hours = 0;

  /** Compares a forecast with what came from that place on. */
  add(forecast: Float64Array, { values }: Series, origin: number): void {
    for (let at = 0; at + HOUR <= forecast.length; at += HOUR) {
      let off = 0;
      for (let quarter = at; quarter < at + HOUR; quarter += 1)
        off += (forecast[quarter] ?? 0) - (values[origin + quarter] ?? 0);
      this.#off += Math.abs(off);
      this.#hours += 1;
    }
  }

  get mean(): number {
    return this.#hours === 0 ? 0 : this.#off / this.#hours;
  }
}

/** The same time of the day before. */
export const naiveForecast = ({ values }: Series, origin: number): Float64Array =>
  values.slice(origin - DAY, origin);

/** Its mean absolute error over the whole history; 0 where every day was the same. */
function naiveError(series: Series): number {
  const errors = new Errors();
  for (let origin = DAY; origin + DAY <= series.values.length; origin += DAY)
    errors.add(naiveForecast(series, origin), series, origin);
  return errors.mean;
}

/** Mean absolute error over the places. */
export function errorOfSmoothing(series: Series, smoothing: Smoothing, origins: readonly number[]): number {
  const errors = new Errors();
  let next = 0;
  for (const forecast of forecastsAt(series, smoothing, origins, DAY)) {
    errors.add(forecast, series, origins[next] ?? 0);
    next += 1;
  }
  return errors.mean;
}

/** In steps, as it is the one that takes longest. Null where not all of the places have a week before them. */
function* errorOfNetwork(
  series: Series,
  network: Network,
  origins: readonly number[],
): Generator<void, number | null> {
  if ((origins[0] ?? 0) < WEEK) return null;
  const errors = new Errors();
  for (const origin of origins) {
    errors.add(byNetwork(series, network, origin), series, origin);
    yield;
  }
  return errors.mean;
}

export const byNetwork = ({ from, values }: Series, network: Network, origin: number): Float64Array =>
  forecastOf(network, values.slice(origin - WEEK, origin), from + (origin - WEEK) * QUARTER_MS);

export type Way = 'holt-winters' | 'lstm';

/**
 * How well the ways forecast the days up to two weeks ago: mean absolute scaled errors (Hyndman and Koehler,
 * International Journal of Forecasting 22, 2006), so that 1 is what the same
 * time of the day before comes to in all that is known.
 */
export type Judged = { days: number; holtWinters: number; lstm: number | null; used: Way };

/**
 * Tries both on what is past, from many places (a rolling origin), each time without a look beyond. How Holt and
 * Winters' follows is chosen before, by what lies before all of these where that is enough. In steps, of some
 * milliseconds each, that whoever calls may pause between. Null while the history is too short.
 */
export function* backtest(
  series: Series,
  network: Network | null,
): Generator<void, { judged: Judged; smoothing: Smoothing } | null> {
  const { length } = series.values;
  const origins = originsOf(length);
  const [first] = origins;
  if (first === undefined) return null;
  const earlier = originsOf(first);
  let best: { smoothing: Smoothing; error: number } | null = null;
  // A history that is too short to choose by is judged by what it has.
  for (const smoothing of SMOOTHINGS) {
    const error = errorOfSmoothing(series, smoothing, earlier.length > 0 ? earlier : origins);
    if (best === null || error < best.error) best = { smoothing, error };
    yield;
  }
  const { smoothing } = best as NonNullable<typeof best>;
  const scale = naiveError(series);
  const scaled = (error: number) => (scale === 0 ? 0 : error / scale);
  const holtWinters = scaled(errorOfSmoothing(series, smoothing, origins));
  yield;
  const error = network === null ? null : yield* errorOfNetwork(series, network, origins);
  const lstm = error === null ? null : scaled(error);
  const used = lstm !== null && lstm < holtWinters ? 'lstm' : 'holt-winters';
  const days = Math.round((length - first) / DAY);
  return { judged: { days, holtWinters, lstm, used }, smoothing };
}
