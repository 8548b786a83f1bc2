import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';

/**
 * What the farm is expected to do in the hours to come. Work is in the time that all workers that are here now would
 * take for it together, milliseconds; what it takes as more of them come or some go is in milliseconds from now.
 */
export type ComingHours = { until(work: number): number };

/** The workers stay as they are, and nobody brings more work. */
export const AS_NOW: ComingHours = { until: (work) => work };

/** Of a quarter hour, as parts of what the workers that are here now would do in it: what is expected to be done, and to be brought. */
export type Quarter = { capacity: number; demand: number };

/** A forecast that nobody will be here is not believed that far: whatever waits would never be done. */
const LEAST_RATE = 0.01;

/**
 * Workers as they are for what is left of this quarter hour, `rest` in milliseconds, then as in `quarters`, one after
 * another and again from the first. `before`: the part of the work to come that goes beside what is here already, of
 * which it takes its even part, so half of the workers at most.
 */
export function hoursFrom(rest: number, quarters: readonly Quarter[], before: number): ComingHours {
  if (quarters.length === 0) return AS_NOW;
  const rateOf = ({ capacity, demand }: Quarter): number =>
    Math.max(LEAST_RATE, capacity - Math.min(before * demand, capacity / 2));
  const rates = quarters.map(rateOf);
  // How much is done by the end of each quarter hour.
  const done: number[] = [];
  for (const rate of rates) done.push((done.at(-1) ?? 0) + rate * QUARTER_MS);
  const all = done.at(-1) ?? 0;
  return {
    until(work) {
      if (work <= rest || !Number.isFinite(work)) return work;
      const rounds = Math.floor((work - rest) / all);
      const left = work - rest - rounds * all;
      const place = Math.min(firstFrom(done, left), rates.length - 1);
      const within = (left - (done[place - 1] ?? 0)) / (rates[place] ?? 1);
      return rest + (rounds * rates.length + place) * QUARTER_MS + within;
    },
  };
}

/** Place of the first that is as much, of numbers that grow. */
function firstFrom(sorted: readonly number[], least: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
