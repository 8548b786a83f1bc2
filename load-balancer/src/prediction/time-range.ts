/** Milliseconds to come: nine of ten times it takes longer than `early`, one of two than `middle`, one of ten than `late`. */
export type TimeRange = { early: number; middle: number; late: number };

/** So many standard deviations on either side of the mean leave out one of ten. */
export const ONE_OF_TEN = 1.2816;
/** Nothing is told or judged to less than this. */
const LEAST_MS = 1_000;
const LEAST_SPREAD = 0.02;
/** How many of the latest outcomes count. */
const REMEMBERED = 600;
/** Part of the ends that lies before a range, and after it. */
const OUTSIDE = 0.1;
/** By so much of what is missed more is taken in after each end, in times when ends come to lie elsewhere than they did. */
const FOLLOWS = 0.02;
const [LEAST_OUTSIDE, MOST_OUTSIDE] = [0.002, 0.15];
/** How it would be if ranges were right as they come: as many outcomes of a normal distribution, in units of a tenth's distance. */
const ASSUMED = [-1.28, -0.81, -0.53, -0.3, -0.1, 0.1, 0.3, 0.53, 0.81, 1.28];

/**
 * Corrects ranges by how earlier ones came out. What variances do not know (what will be submitted meanwhile, workers
 * that come and go) shows in where ends lay within the ranges that were told; the tenths of those are where the next
 * ranges are put (conformal prediction: Vovk, Gammerman and Shafer 2005; online: Gibbs and Candès 2021).
 */
export class RangeCorrection {
  readonly #scores: number[] = [...ASSUMED];
  #sorted: number[] | null = null;
  /** Of the outcomes that count, the part that is left out on either side. */
  readonly #parts = { early: OUTSIDE, late: OUTSIDE };

  /** `range` as it was before it was corrected; it took `ms`. */
  add(range: TimeRange, ms: number): void {
    const off = Math.log((ms + LEAST_MS) / (range.middle + LEAST_MS));
    const score = off / spreadOf(range, off);
    this.#parts.early = after(this.#parts.early, score < this.#quantile(this.#parts.early));
    this.#parts.late = after(this.#parts.late, score > this.#quantile(1 - this.#parts.late));
    this.#scores.push(score);
    if (this.#scores.length > REMEMBERED) this.#scores.shift();
    this.#sorted = null;
  }

  corrected(range: TimeRange): TimeRange {
    const at = (part: number): number => {
      const score = this.#quantile(part);
      const ms = (range.middle + LEAST_MS) * Math.exp(score * spreadOf(range, score));
      return Math.max(0, ms - LEAST_MS);
    };
    return { early: at(this.#parts.early), middle: at(0.5), late: at(1 - this.#parts.late) };
  }

  #quantile(part: number): number {
    this.#sorted ??= this.#scores.toSorted((a, b) => a - b);
    const place = Math.max(0, Math.min(this.#sorted.length - 1, part * this.#sorted.length - 0.5));
    const [below = 0, above = below] = this.#sorted.slice(Math.floor(place), Math.floor(place) + 2);
    return below + (place - Math.floor(place)) * (above - below);
  }
}

const after = (part: number, missed: boolean): number =>
  Math.max(LEAST_OUTSIDE, Math.min(MOST_OUTSIDE, part + FOLLOWS * (OUTSIDE - (missed ? 1 : 0))));

/** As a logarithm, on the side of the middle that `side` is on. */
function spreadOf({ early, middle, late }: TimeRange, side: number): number {
  const of = (ms: number) => Math.abs(Math.log((ms + LEAST_MS) / (middle + LEAST_MS)));
  return Math.max(LEAST_SPREAD, of(side < 0 ? early : late));
}
