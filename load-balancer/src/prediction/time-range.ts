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
const FOLLOWS = 0.005;
const [LEAST_OUTSIDE, MOST_OUTSIDE] = [0.002, 0.15];
/** How it would be if ranges were right as they come: as many outcomes of a normal distribution, in units of a tenth's distance. */
const ASSUMED = [-1.28, -0.81, -0.53, -0.3, -0.1, 0.1, 0.3, 0.53, 0.81, 1.28];

type Foreseen = { range: TimeRange; ms: number };
type Tenths = { early: number; middle: number; late: number };

/**
 * Corrects ranges by how earlier ones came out. What variances do not know (what will be submitted meanwhile, workers
 * that come and go) shows in where ends lay within the ranges that were told; the tenths of those are where the next
 * ranges are put (conformal prediction: Vovk, Gammerman and Shafer 2005; online: Gibbs and Candès 2021). What is not
 * over counts as well, as longer than it has taken yet (Kaplan and Meier 1958): ends alone would judge ranges by
 * short work while a queue grows.
 */
export class RangeCorrection {
  readonly #scores: number[] = [...ASSUMED];
  /** Least first. */
  #waiting: readonly number[] = [];
  #tenths: Tenths | null = null;
  /** Of the outcomes that count, the part that is left out on either side. */
  readonly #parts = { early: OUTSIDE, late: OUTSIDE };

  /** `range` as it was before it was corrected, and as it was told; it took `ms`. */
  add(range: TimeRange, told: TimeRange, ms: number): void {
    this.#parts.early = after(this.#parts.early, ms < told.early);
    this.#parts.late = after(this.#parts.late, ms > told.late);
    this.#scores.push(scoreOf({ range, ms }));
    if (this.#scores.length > REMEMBERED) this.#scores.shift();
    this.#tenths = null;
  }

  /** All that is not over by now, `ms` after it was foreseen. */
  setWaiting(waiting: readonly Foreseen[]): void {
    this.#waiting = waiting.map(scoreOf).sort((a, b) => a - b);
    this.#tenths = null;
  }

  corrected(range: TimeRange): TimeRange {
    const at = (score: number): number => {
      const ms = (range.middle + LEAST_MS) * Math.exp(score * spreadOf(range, score));
      return Math.max(0, ms - LEAST_MS);
    };
    const { early, middle, late } = this.#quantiles();
    return { early: at(early), middle: at(middle), late: at(late) };
  }

  #quantiles(): Tenths {
    const { early, late } = this.#parts;
    this.#tenths ??= quantilesOf(this.#scores, this.#waiting, [early, 0.5, 1 - late]);
    return this.#tenths;
  }
}

/** By Kaplan's and Meier's estimate of how many come to lie beyond a score; between two ends on the line from one to the other. */
function quantilesOf(
  ends: readonly number[],
  /** Least first. */
  waiting: readonly number[],
  [early, middle, late]: [number, number, number],
): Tenths {
  const sorted = ends.toSorted((a, b) => a - b);
  const total = sorted.length + waiting.length;
  let [passed, beyond] = [0, 1];
  // So many are over by each end: the half of its own step lies before it.
  const over = sorted.map((end, at) => {
    while ((waiting[passed] ?? Number.POSITIVE_INFINITY) < end) passed += 1;
    const before = beyond;
    beyond *= 1 - 1 / (total - at - passed);
    return 1 - (before + beyond) / 2;
  });
  const quantile = (part: number): number => {
    const at = over.findIndex((it) => it >= part);
    const [above = sorted.at(-1) ?? 0, below = above] = [sorted[at], sorted[at - 1]];
    const [to = part, from = to] = [over[at], over[at - 1]];
    return to > from ? below + ((part - from) / (to - from)) * (above - below) : above;
  };
  return { early: quantile(early), middle: quantile(middle), late: quantile(late) };
}

function scoreOf({ range, ms }: Foreseen): number {
  const off = Math.log((ms + LEAST_MS) / (range.middle + LEAST_MS));
  return off / spreadOf(range, off);
}

const after = (part: number, missed: boolean): number =>
  Math.max(LEAST_OUTSIDE, Math.min(MOST_OUTSIDE, part + FOLLOWS * (OUTSIDE - (missed ? 1 : 0))));

/** As a logarithm, on the side of the middle that `side` is on. */
function spreadOf({ early, middle, late }: TimeRange, side: number): number {
  const of = (ms: number) => Math.abs(Math.log((ms + LEAST_MS) / (middle + LEAST_MS)));
  return Math.max(LEAST_SPREAD, of(side < 0 ? early : late));
}
