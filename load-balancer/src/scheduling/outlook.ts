import { paceOf, sortOf } from '../farm/chunk-times.ts';
import type { Farm, Lease, Stage, Worker } from '../farm/farm.ts';
import { occupancyOf } from '../farm/resources.ts';
import { type Projection, projected } from '../prediction/course.ts';
import { afterSeeing, type Estimate } from '../prediction/estimate.ts';
import { corrected, isChange, mayBeSlower, type Pace, type Sign, speedOf } from '../prediction/pace.ts';
import { sectionOf } from '../prediction/sections.ts';
import { openingOf } from '../prediction/stage-times.ts';

/** A chunk that has taken twice as long as was thought is taken to need so much of that time again; one that has taken longer, more. */
const OVERDUE = 1 / 8;
/** Work of a chunk of which nothing is known; what is decided by it is decided again within a second. */
const GUESS_MS = 10_000;
/** Of both leases of a chunk an eighth was seen. */
const MUCH_SEEN = 0.08;
/** How much slower a worker may have become: variance of the logarithm. */
const SLOWER = 1;
/** A second attempt is clearly better when it is expected to be done in so much of the time that is left otherwise. */
export const CLEARLY_SOONER = 0.8;
/** Variance of the logarithm of a chunk's work, while none of its stage is done. */
const ASSUMED = 0.1;

/** What opening a stage may take, before that was seen; it counts as if seen once. */
const ASSUMED_OPENING_MS = 1_000;
/** Part of the time that may be spent on opening one job after another. */
const SPENT_ON_OPENING = 0.05;
/** However much it costs, nobody waits longer for a turn. */
const LONGEST_TURN_MS = 600_000;

/** Of a stage of which no chunk is done: mean work of those that run, by how they come along, and how many those are. */
type Glimpse = { work: number; chunks: number };

/**
 * What is to be expected, as of one time: when workers come free, and how long
 * chunks would take them. Times to come are in milliseconds from `now`: in those
 * since 1970 so much is rounded off that a fast worker's chunk gets lost in it.
 */
export class Outlook {
  readonly now: number;
  readonly #farm: Farm;
  readonly #paces = new Map<Worker, Map<string, Pace>>();
  readonly #free = new Map<Worker, number[]>();
  readonly #ahead = new Map<Worker, number | null>();
  #glimpses: Map<Stage, Glimpse> | null = null;

  constructor(farm: Farm, now: number) {
    this.#farm = farm;
    this.now = now;
  }

  /** Work of a chunk of that section, milliseconds on a worker of speed 1. */
  work(stage: Stage, section: number): number {
    return stage.times.work.ofSection(section) ?? this.#glimpse(stage)?.work ?? GUESS_MS;
  }

  meanWork(stage: Stage): number {
    return stage.times.work.mean ?? this.work(stage, 0);
  }

  /** Variance of the logarithm of the work of a chunk, around what is expected of it. */
  scatter(stage: Stage): number {
    if (stage.times.work.chunks > 0) return stage.times.work.variance;
    // A mere guess is the same for all workers.
    return this.#glimpse(stage) === undefined ? 0 : ASSUMED;
  }

  /** How fast the worker is in the stage's work, by what it has done and by how what it does now comes along. */
  pace(worker: Worker, stage: Stage): Pace {
    const sort = sortOf(stage);
    const known = this.#paces.get(worker) ?? new Map<string, Pace>();
    this.#paces.set(worker, known);
    const before = known.get(sort);
    if (before !== undefined) return before;
    let pace = paceOf(worker, stage);
    for (const lease of worker.leases) {
      // Most have told nothing, and are passed over as quickly as can be.
      if (lease.course === undefined || sortOf(lease.stage) !== sort) continue;
      const seen = this.#projected(lease);
      if (seen === null) continue;
      pace = corrected(pace, this.#signOf(lease, seen));
    }
    known.set(sort, pace);
    return pace;
  }

  speed(worker: Worker, stage: Stage): number {
    return speedOf(this.pace(worker, stage));
  }

  /** Milliseconds that the worker would need to open the stage first. */
  openingMs(worker: Worker, stage: Stage): number {
    return worker.open.includes(stage.affinity) ? 0 : openingOf(stage.times) / this.speed(worker, stage);
  }

  /** How long a chunk of the stage takes the worker, milliseconds. */
  chunkMs(worker: Worker, stage: Stage): number {
    return this.meanWork(stage) / this.speed(worker, stage);
  }

  /** How long the worker may stay with what it has open, before it opens the stage, milliseconds of slot time. */
  turnMs(worker: Worker, stage: Stage): number {
    const { seen, work } = stage.times.openings;
    const openings = Math.max(0, work / this.speed(worker, stage)) + ASSUMED_OPENING_MS;
    return Math.min(LONGEST_TURN_MS, openings / (seen + 1) / SPENT_ON_OPENING);
  }

  /** When each slot of the worker comes free of what it holds, earliest first. */
  free(worker: Worker): readonly number[] {
    const known = this.#free.get(worker);
    if (known !== undefined) return known;
    const free = this.#slotsOf(worker);
    this.#free.set(worker, free);
    return free;
  }

  /** How long what the worker has ahead takes it, if it goes on in as many slots as now; null where it holds a chunk of whose stage no time is known. */
  aheadMs(worker: Worker): number | null {
    const known = this.#ahead.get(worker);
    if (known !== undefined) return known;
    const { counted, ahead } = occupancyOf(worker);
    const ms = ahead.reduce((sum, lease) => sum + this.#waitingMs(lease), 0);
    const isKnown = worker.leases.values().every(({ stage }) => stage.times.work.chunks > 0);
    const all = isKnown ? ms / Math.max(1, Math.min(counted, worker.slots)) : null;
    this.#ahead.set(worker, all);
    return all;
  }

  /** To be said when a worker was given something: it does that last. */
  gave(lease: Lease): void {
    const { worker, stage } = lease;
    const free = this.#free.get(worker);
    if (free !== undefined) this.#append(free, lease);
    const before = this.#ahead.get(worker) ?? null;
    const { counted, ahead } = occupancyOf(worker);
    // Of one that begins at once, the others are in more slots than before.
    if (before === null || stage.times.work.chunks === 0 || ahead.at(-1) !== lease)
      this.#ahead.delete(worker);
    else
      this.#ahead.set(worker, before + this.#waitingMs(lease) / Math.max(1, Math.min(counted, worker.slots)));
  }

  /** Whether anything tells when a chunk that has begun is done: it was seen to come along, or others of its stage are done. */
  knowsEndOf({ stage, course }: Lease): boolean {
    return course !== undefined || stage.times.work.chunks > 0;
  }

  /** When a chunk that has begun is done. */
  endOf(lease: Lease): number {
    const { stage, worker, startedAt, course } = lease;
    const speed = this.speed(worker, stage);
    const expected = this.#expected(lease).ms / speed;
    if (course === undefined) {
      const elapsed = this.now - (startedAt ?? this.now);
      const opening = lease.opens ? openingOf(stage.times) / speed : 0;
      return Math.max(opening + expected - elapsed, overdue(elapsed, opening + expected));
    }
    const silence = this.now - course.last.at;
    const left = 1 - course.last.fraction;
    const rest = left * this.#wholeMs(lease, expected);
    return Math.max(rest - silence, left > 0 ? overdue(silence, rest) : 0);
  }

  /**
   * Which of two leases of a chunk should end, both having been seen to come along: the one that is clearly behind, or,
   * where much of both was seen, the later one unless it is ahead by far. Null while that is not known.
   */
  behind(first: Lease, second: Lease): Lease | null {
    const [seen, other] = [this.#projected(first), this.#projected(second)];
    if (seen === null || other === null) return null;
    const ahead = Math.log(this.endOf(first) / Math.max(1, this.endOf(second)));
    const variance = seen.variance + other.variance;
    const clearly = -Math.log(CLEARLY_SOONER);
    if (variance < MUCH_SEEN) return ahead > clearly ? first : second;
    if (Math.abs(ahead) < Math.max(clearly, Math.sqrt(variance))) return null;
    return ahead > 0 ? first : second;
  }

  /** Work that is left of a chunk that a worker holds. */
  leftOf(lease: Lease): number {
    if (lease.startedAt === null) return this.#expected(lease).ms;
    return this.endOf(lease) * this.speed(lease.worker, lease.stage);
  }

  /** Work of a chunk that has begun, by how it comes along and by what others of its stage were. */
  workOf(lease: Lease): Estimate {
    const expected = this.#expected(lease);
    const seen = this.seenWork(lease);
    if (seen === null) return expected;
    const { ms, variance } = afterSeeing(expected, seen);
    return { ms, variance: variance + this.#blameDoubt(lease) };
  }

  /** The same by nothing but how it comes along; null where that was not seen, or rather says that its worker has become slow. */
  seenWork(lease: Lease): Estimate | null {
    const seen = this.#projected(lease);
    if (seen === null) return null;
    const pace = paceOf(lease.worker, lease.stage);
    if (isChange(pace, this.#signOf(lease, seen))) return null;
    return { ms: seen.ms * speedOf(pace), variance: seen.variance + pace.variance + this.#blameDoubt(lease) };
  }

  /**
   * Variance of the logarithm of a chunk's work, as far as its worker may have become slow instead. At a stage's end
   * alone, when a look at it by an idle worker costs little; of a chunk that two have tried, it is known.
   */
  #blameDoubt(lease: Lease): number {
    const { stage, worker, foreseen } = lease;
    const seen = this.#projected(lease);
    if (seen === null || foreseen !== undefined || stage.chunks.count('queued') > 0) return 0;
    return mayBeSlower(paceOf(worker, stage), this.#signOf(lease, seen)) ? SLOWER : 0;
  }

  /** What a chunk under way says of its worker. */
  #signOf(lease: Lease, seen: Projection): Sign {
    const { ms, variance } = this.#expected(lease);
    const { excess } = lease.stage.times.work;
    return { log: Math.log(ms / seen.ms), variance: variance + seen.variance, excess };
  }

  #expected({ stage, ordinal, foreseen }: Lease): Estimate {
    if (foreseen !== undefined) return foreseen;
    const ms = this.work(stage, sectionOf(ordinal, stage.chunks.size));
    return { ms, variance: this.scatter(stage) + this.#doubt(stage) };
  }

  #projected({ course }: Lease): Projection | null {
    return course === undefined ? null : projected(course, this.now);
  }

  /** What was seen, and what was thought before, each as far as it can be relied on. */
  #wholeMs(lease: Lease, expected: number): number {
    const seen = this.#projected(lease);
    if (seen === null) return expected;
    const variance = this.#expected(lease).variance + this.pace(lease.worker, lease.stage).variance;
    return afterSeeing({ ms: expected, variance }, seen).ms;
  }

  /** Variance of the logarithm of what is expected of the stage itself. */
  #doubt(stage: Stage): number {
    if (stage.times.work.chunks > 0) return stage.times.work.doubt;
    return 1 / (this.#glimpse(stage)?.chunks ?? 1);
  }

  #glimpse(stage: Stage): Glimpse | undefined {
    this.#glimpses ??= this.#look();
    return this.#glimpses.get(stage);
  }

  #look(): Map<Stage, Glimpse> {
    const glimpses = new Map<Stage, Glimpse>();
    for (const lease of this.#farm.leases.values()) {
      const { stage, worker } = lease;
      if (stage.times.work.chunks > 0) continue;
      const seen = this.#projected(lease);
      if (seen === null) continue;
      const glimpse = glimpses.get(stage) ?? { work: 0, chunks: 0 };
      glimpses.set(stage, glimpse);
      glimpse.chunks += 1;
      glimpse.work += (seen.ms * speedOf(paceOf(worker, stage)) - glimpse.work) / glimpse.chunks;
    }
    return glimpses;
  }

  #slotsOf(worker: Worker): number[] {
    const free = Array<number>(worker.slots).fill(0);
    const waiting: Lease[] = [];
    let slot = 0;
    for (const lease of worker.leases) {
      if (lease.startedAt === null) {
        waiting.push(lease);
        continue;
      }
      free[slot % free.length] = Math.max(this.endOf(lease), free[slot % free.length] ?? 0);
      slot += 1;
    }
    free.sort((a, b) => a - b);
    for (const lease of waiting) this.#append(free, lease);
    return free;
  }

  /** The earliest slot does it next; they stay in their order. */
  #append(free: number[], lease: Lease): void {
    const end = (free[0] ?? 0) + this.#waitingMs(lease);
    let at = 1;
    for (; at < free.length && (free[at] ?? 0) < end; at += 1) free[at - 1] = free[at] ?? 0;
    free[at - 1] = end;
  }

  /** Milliseconds that a chunk which has not begun takes its worker. */
  #waitingMs(lease: Lease): number {
    const { stage, worker } = lease;
    const work = this.#expected(lease).ms + (lease.opens ? openingOf(stage.times) : 0);
    return work / this.speed(worker, stage);
  }
}

/** How long a chunk goes on of which nothing is heard: the further it is beyond what was thought, the less that says. */
const overdue = (elapsed: number, expected: number): number =>
  elapsed * Math.min(1, OVERDUE * Math.max(1, elapsed / Math.max(1, expected) - 1));
