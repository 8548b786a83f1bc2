import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { DAY, type Series, WEEK } from './series.ts';

/** A Monday. */
export const START = Date.UTC(2026, 0, 5);

/** Chance that is the same each time: the generator of Park and Miller (Communications of the ACM 31, 1988). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

type Rhythm = {
  weeks: number;
  seed?: number;
  /** Of the mean. */
  noise?: number;
  /** The day on which nobody works, counted from the first. */
  holiday?: number;
};

/** Work as people bring it: by day and hardly at night, half of it on Saturday and none on Sunday, more after lunch. */
export function rhythmOfWork({ weeks, seed = 1, noise = 0.4, holiday = -1 }: Rhythm): Series {
  const random = chance(seed);
  const values = new Float64Array(weeks * WEEK);
  for (const place of values.keys()) {
    const day = Math.floor(place / DAY);
    const hour = (place % DAY) / 4;
    const byDay = [1, 1.1, 1, 1.2, 0.9, 0.5, 0.05][day % 7] ?? 1;
    const byHour = hour < 7 || hour > 20 ? 0.05 : 1 + 0.6 * Math.sin(((hour - 10) * Math.PI) / 8);
    const usual = day === holiday ? 0.02 : byDay * byHour;
    values[place] = QUARTER_MS * Math.max(0, usual * (1 + noise * (random() + random() + random() - 1.5)));
  }
  return { from: START, values };
}
