import { sectionOf, sectionsOf } from './sections.ts';

/** What is assumed of chunks before any are seen: a variance of the logarithm, worth so many chunks. */
const ASSUMED = { variance: 0.1, chunks: 2 };
/** Of a normal distribution, what counts as much as so many chunks that are larger than expected; one counts so far at most. */
const EXCESS = { normal: 0.525, chunks: 10, most: 4 };
/** How long errors are remembered, in chunks. */
const MEMORY = 30;
/** Neighbours have to predict so much better than the mean before they are believed. */
const CLEARLY = 0.7;

/**
 * Work of a stage's chunks: milliseconds on a worker of speed 1. Where they follow
 * each other smoothly, a chunk is like its neighbours; where chunks
 * have nothing to do with each other, it is like the mean. Both are tried on
 * each chunk that is done, before it is taken in, and the better one is used.
 */
export class ChunkWork {
  readonly #size: number;
  /** Of each section; empty before anything is known. A chunk counts for less where its worker's speed is unsure. */
  #sum = new Float64Array(0);
  #weight = new Float64Array(0);
  #curve: Float64Array | null = null;
  #chunks = 0;
  #mean = 0;
  #weights = 0;
  /** Sum of what each chunk says of the mean, as the inverse of a variance. */
  #precision = 0;
  readonly #excess = { sum: 0, chunks: 0 };
  readonly #errors = { mean: ASSUMED.variance, neighbours: ASSUMED.variance };

  constructor(size: number) {
    this.#size = size;
  }

  /** How many chunks it has seen. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Variance of the logarithm of a chunk's work around what is predicted. */
  get variance(): number {
    return this.#byNeighbours() ? this.#errors.neighbours : this.#errors.mean;
  }

  /** Variance of the logarithm of what is predicted itself: great after the first chunk. */
  get doubt(): number {
    return 1 / this.#precision;
  }

  /**
   * How far beyond one standard deviation of what is predicted those chunks lie that are larger than that, on the
   * average: 0.525 of a normal distribution, 1 of an exponential one.
   */
  get excess(): number {
    const { sum, chunks } = this.#excess;
    return Math.max(EXCESS.normal, (EXCESS.normal * EXCESS.chunks + sum) / (EXCESS.chunks + chunks));
  }

  /** Null before any chunk is done. */
  get mean(): number | null {
    return this.#chunks === 0 ? null : this.#mean;
  }

  /** True where sections are predicted to differ. */
  get varies(): boolean {
    return this.#byNeighbours();
  }

  /** Null before any chunk is done. */
  ofSection(section: number): number | null {
    if (this.#chunks === 0) return null;
    return this.#byNeighbours() ? (this.#drawn()[section] ?? this.#mean) : this.#mean;
  }

  of(ordinal: number): number | null {
    return this.ofSection(sectionOf(ordinal, this.#size));
  }

  /** Takes a finished chunk in; `doubt` is the variance of the logarithm of its work, as far as its worker's speed is unsure. */
  add(ordinal: number, work: number, doubt: number): void {
    if (!(work > 0)) return;
    const section = sectionOf(ordinal, this.#size);
    if (this.#chunks === 0) {
      this.#sum = new Float64Array(sectionsOf(this.#size));
      this.#weight = new Float64Array(this.#sum.length);
    } else {
      this.#noteExcess(Math.log(work / (this.of(ordinal) ?? work)), doubt);
      this.#judge('mean', this.#mean, work, doubt);
      this.#judge('neighbours', this.#between(section), work, doubt);
    }
    const weight = ASSUMED.variance / (ASSUMED.variance + doubt);
    this.#chunks += 1;
    this.#weights += weight;
    this.#precision += 1 / (this.variance + doubt);
    this.#mean += ((work - this.#mean) * weight) / this.#weights;
    this.#sum[section] = (this.#sum[section] ?? 0) + weight * work;
    this.#weight[section] = (this.#weight[section] ?? 0) + weight;
    this.#curve = null;
  }

  #byNeighbours(): boolean {
    return this.#chunks > 2 && this.#errors.neighbours < CLEARLY * this.#errors.mean;
  }

  #judge(way: 'mean' | 'neighbours', predicted: number, work: number, doubt: number): void {
    const off = Math.log(work / predicted);
    const error = Math.max(0, off * off - doubt);
    const weight = 1 / Math.min(MEMORY, ASSUMED.chunks + this.#chunks);
    this.#errors[way] += (error - this.#errors[way]) * weight;
  }

  #noteExcess(off: number, doubt: number): void {
    const beyond = off / Math.sqrt(this.variance + this.doubt + doubt) - 1;
    if (beyond <= 0) return;
    this.#excess.chunks += 1;
    this.#excess.sum += Math.min(EXCESS.most, beyond);
  }

  /** As drawn, of one section alone. */
  #between(section: number): number {
    let [before, after] = [section, section];
    while (before >= 0 && this.#weight[before] === 0) before -= 1;
    while (after < this.#weight.length && this.#weight[after] === 0) after += 1;
    if (before < 0) return this.#meanOf(after);
    if (after === this.#weight.length || after === before) return this.#meanOf(before);
    const part = (section - before) / (after - before);
    return this.#meanOf(before) + part * (this.#meanOf(after) - this.#meanOf(before));
  }

  #meanOf(section: number): number {
    return (this.#sum[section] ?? 0) / (this.#weight[section] ?? 1);
  }

  /** Means of the sections, and a straight line between those that are known. */
  #drawn(): Float64Array {
    if (this.#curve !== null) return this.#curve;
    const curve = new Float64Array(this.#sum.length);
    let known = -1;
    for (const [at, weight] of this.#weight.entries()) {
      if (weight === 0) continue;
      const here = this.#meanOf(at);
      const before = known < 0 ? here : (curve[known] ?? here);
      for (let between = known + 1; between <= at; between += 1)
        curve[between] = before + ((here - before) * (between - known)) / (at - known);
      known = at;
    }
    curve.fill(curve[known] ?? this.#mean, known + 1);
    this.#curve = curve;
    return curve;
  }
}
