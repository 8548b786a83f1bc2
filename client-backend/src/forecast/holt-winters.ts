import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { DAY, dayPlace, type Series, WEEK, weekPlace } from './series.ts';

/** How fast level, trend, day and week follow what is seen, each from 0 to 1. */
export type Smoothing = { level: number; trend: number; day: number; week: number };

/** What is left of a trend from one quarter hour to the next: over a day it fades out. */
const DAMPING = 0.97;
/** What is left of the last error in the next quarter hour: work comes in bursts that last. */
const PERSISTENCE = 0.8;

/**
 * Exponential smoothing of Holt and Winters with two seasons, a day and a week, additive, with a damped trend and the
 * last error carried on: J. W. Taylor, "Short-term electricity demand forecasting using double seasonal exponential
 * smoothing", Journal of the Operational Research Society 54 (2003), 799-805, in its form of error correction; the
 * damping is Gardner and McKenzie's (Management Science 31, 1985). A season is first seen whole, and then as often as
 * it has come: the k-th time it follows by 1/k, or by its own speed if that is more. So the first week tells of the
 * day alone, and no start has to be guessed.
 */
export class HoltWinters {
  readonly #smoothing: Smoothing;
  readonly #day = new Float64Array(DAY);
  readonly #week = new Float64Array(WEEK);
  #level = 0;
  #trend = 0;
  #error = 0;
  #seen = 0;
  #at: number;

  /** `from`: when the first quarter hour begins that it will be told of. */
  constructor(smoothing: Smoothing, from: number) {
    this.#smoothing = smoothing;
    this.#at = from;
  }

  /** Takes in the next quarter hour. */
  take(value: number): void {
    const { level, trend, day, week } = this.#smoothing;
    if (this.#seen === 0) this.#level = value;
    const [inDay, inWeek] = [dayPlace(this.#at), weekPlace(this.#at)];
    const expected =
      this.#level + DAMPING * this.#trend + (this.#day[inDay] ?? 0) + (this.#week[inWeek] ?? 0);
    const error = value - expected;
    const days = Math.floor(this.#seen / DAY) + 1;
    const weeks = Math.floor(this.#seen / WEEK) + 1;
    this.#trend = DAMPING * this.#trend + trend * error;
    this.#level += this.#trend + Math.max(level, days === 1 ? 1 / (this.#seen + 1) : 0) * error;
    this.#day[inDay] = (this.#day[inDay] ?? 0) + Math.max(day, (1 - level) / days) * error;
    if (weeks > 1) this.#week[inWeek] = (this.#week[inWeek] ?? 0) + Math.max(week, 1 / weeks) * error;
    this.#error = error;
    this.#seen += 1;
    this.#at += QUARTER_MS;
  }

  /** The next `count` quarter hours; none is below 0. */
  ahead(count: number): Float64Array {
    const values = new Float64Array(count);
    let [trend, damped, error] = [0, this.#trend, this.#error];
    for (let step = 0; step < count; step += 1) {
      damped *= DAMPING;
      trend += damped;
      error *= PERSISTENCE;
      const at = this.#at + step * QUARTER_MS;
      const season = (this.#day[dayPlace(at)] ?? 0) + (this.#week[weekPlace(at)] ?? 0);
      values[step] = Math.max(0, this.#level + trend + season + error);
    }
    return values;
  }
}

/** What is tried; of these the one with the least error is taken. */
export const SMOOTHINGS: readonly Smoothing[] = [0.002, 0.01, 0.05].flatMap((level) =>
  [0, 0.0005].flatMap((trend) =>
    [0.03, 0.15].flatMap((day) => [0.05, 0.25].map((week) => ({ level, trend, day, week }))),
  ),
);

/** Forecasts of the next `count` quarter hours, made at each of these places in the series, which are in order. */
export function* forecastsAt(
  { from, values }: Series,
  smoothing: Smoothing,
  origins: readonly number[],
  count: number,
): Generator<Float64Array> {
  const model = new HoltWinters(smoothing, from);
  let seen = 0;
  for (const origin of origins) {
    for (; seen < origin; seen += 1) model.take(values[seen] ?? 0);
    yield model.ahead(count);
  }
}
