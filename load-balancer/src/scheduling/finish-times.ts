import { sortOf } from '../farm/chunk-times.ts';
import {
  type Farm,
  isFree,
  isPresent,
  type Job,
  type Lease,
  type Stage,
  type TeamShare,
  type Worker,
} from '../farm/farm.ts';
import { hasRoomFor } from '../farm/resources.ts';
import { sectionOf } from '../prediction/sections.ts';
import { compareSlack, goesFirst } from './deadlines.ts';
import { isOnTrial, mayRun } from './eligibility.ts';
import { Outlook } from './outlook.ts';
import { isReserved } from './reservation.ts';

/** So many standard deviations above what is predicted a chunk may take, with nine of ten below. */
const NINE_OF_TEN = 1.28;
/** Differences in rounding decide nothing. */
const ROUNDING = 1e-6;

/** What goes back for nobody in particular must not suit its worker again: times are found to a millisecond. */
const [CLEARLY_LATER, MARGIN_MS] = [1.1, 10];

/** Waiting chunks, and their work. */
type Backlog = { chunks: number; work: number };
/** A slot that could be given chunks: when it is free, what it does in a millisecond, and how far times on it may be off. */
type Place = { free: number; speed: number; opening: number; caution: number };

/**
 * Where chunks should run so that a stage is done soon. Each stage has a time
 * by which the workers that may run it would be done with all that waits up
 * to its turn, if everybody took as much as fits. A worker that would not be
 * done with a chunk by then leaves it: a faster one finishes it sooner, even if
 * it has to wait for that one. Times stay as they were at the round's
 * beginning: a chunk that is given to who is done with it in time changes
 * none of them.
 */
export class FinishTimes {
  readonly outlook: Outlook;
  readonly #farm: Farm;
  readonly #teams: ReadonlyMap<TeamShare, readonly Stage[][]>;
  /** Of each rank of a team, and of each job that goes first, with what is given out before it. */
  readonly #backlogs = new Map<readonly Stage[] | Job, Backlog>();
  /** Speeds of all workers together, in each sort of work. */
  readonly #speeds = new Map<string, number>();
  readonly #least = new Map<Stage, { waiting: number; work: number }>();
  readonly #targets = new Map<Stage, number>();
  readonly #targetsWithOneMore = new Map<Stage, number>();

  /** `teams` as the board has them. */
  constructor(farm: Farm, teams: ReadonlyMap<TeamShare, readonly Stage[][]>, now: number) {
    this.#farm = farm;
    this.#teams = teams;
    this.outlook = new Outlook(farm, now);
  }

  /**
   * Whether any chunk of the stage should be given to the worker. What it has
   * left to others it takes once it could have been done with it: whatever was
   * wrong with what was expected of them, that costs twice the time at most.
   */
  suits(stage: Stage, worker: Worker): boolean {
    // A chunk that needs more memory than others, or names its worker, is not for everybody: whoever may have it takes it.
    if (stage.memory.needs.size > 0 || stage.pins !== null) return true;
    if (this.#farm.claims.some((claim) => claim.worker === worker && claim.stage === stage)) return true;
    const end = endOf(this.#placeOf(stage, worker), this.#leastWaiting(stage));
    if (isBy(end, this.#notBefore(stage)) || isBy(end, this.targetOf(stage))) return true;
    return stage.leftSince !== null && end <= this.outlook.now - stage.leftSince;
  }

  /** The section of which the worker is to get a chunk: of those that fit the longest; undefined where times do not differ. */
  sectionFor(stage: Stage, worker: Worker): number | undefined {
    const { chunks, times } = stage;
    if (!times.work.varies) return undefined;
    const place = this.#placeOf(stage, worker);
    const target = this.targetOf(stage);
    let [best, longest] = [-1, Number.NEGATIVE_INFINITY];
    for (let section = 0; section < chunks.sections; section += 1) {
      if (chunks.waitingIn(section) === 0) continue;
      const work = this.outlook.work(stage, section);
      if (work > longest && isBy(endOf(place, work), target)) [best, longest] = [section, work];
    }
    return best < 0 ? undefined : best;
  }

  /** When the worker would be done with nine of ten chunks of that section, if it were given one next. */
  finish(stage: Stage, worker: Worker, section: number): number {
    return endOf(this.#placeOf(stage, worker), this.outlook.work(stage, section));
  }

  /**
   * Where a chunk that has not begun should go, if not to the worker that holds
   * it: to this one, which would be done sooner, or back to those that wait,
   * for one that is expected to be done sooner still. Decided as if it waited.
   */
  betterPlace({ stage, ordinal, worker: holder }: Lease, worker: Worker): 'here' | 'queue' | null {
    const work = this.outlook.work(stage, sectionOf(ordinal, stage.chunks.size));
    const end = endOf(this.#placeOf(stage, worker), work);
    // As cautious as when it is given out.
    const { free, speed, caution } = this.#placeOf(stage, holder);
    const endThere = free + ((caution - 1) * work) / speed;
    if (end >= endThere) return null;
    let target = this.#targetsWithOneMore.get(stage);
    if (target === undefined) {
      target = this.#target(stage, 1);
      this.#targetsWithOneMore.set(stage, target);
    }
    if (isBy(end, target)) return 'here';
    return stage.memory.needs.size === 0 && endThere > CLEARLY_LATER * target + MARGIN_MS ? 'queue' : null;
  }

  /** A time before which the stage cannot be done, found without looking at each worker again: most often it is late enough. */
  #notBefore(stage: Stage): number {
    const sort = sortOf(stage);
    let speeds = this.#speeds.get(sort);
    if (speeds === undefined) {
      speeds = 0;
      for (const worker of this.#farm.workers.values())
        if (isPresent(worker)) speeds += worker.slots * this.outlook.speed(worker, stage);
      this.#speeds.set(sort, speeds);
    }
    return this.#backlogBefore(stage).work / speeds;
  }

  #placeOf(stage: Stage, worker: Worker, free = this.outlook.free(worker)[0] ?? 0): Place {
    const caution = Math.exp(NINE_OF_TEN * Math.sqrt(this.outlook.scatter(stage)));
    return {
      free,
      speed: this.outlook.speed(worker, stage),
      opening: this.outlook.openingMs(worker, stage),
      caution,
    };
  }

  /** By when the stage's waiting chunks are done, if everybody takes as much as fits. */
  targetOf(stage: Stage): number {
    const known = this.#targets.get(stage);
    if (known !== undefined) return known;
    const target = this.#target(stage, 0);
    this.#targets.set(stage, target);
    return target;
  }

  #target(stage: Stage, more: number): number {
    const longest = this.#waiting(stage, (a, b) => a > b);
    const places = this.#placesFor(stage);
    // Whoever is left is the only one that may have it.
    if (places.length === 0) return Number.POSITIVE_INFINITY;
    let soonest = Number.POSITIVE_INFINITY;
    for (const place of places) soonest = Math.min(soonest, endOf(place, longest));
    const { chunks, work } = this.#backlogBefore(stage);
    const backlog = { chunks: chunks + more, work: work + more * longest };
    return Math.max(soonest, doneBy(places, backlog));
  }

  #placesFor(stage: Stage): Place[] {
    const places: Place[] = [];
    // A chunk that failed on a worker is not given to it again while others may take it.
    const avoiding = new Set(stage.avoid.values());
    for (const worker of this.#farm.workers.values()) {
      if (!isFree(worker, this.outlook.now) || avoiding.has(worker.id)) continue;
      if (!mayRun(stage, worker) || isOnTrial(stage.job, worker) || !hasRoomFor(stage, worker, true))
        continue;
      if (isReserved(this.#farm, stage, worker, false)) continue;
      // What it runs may leave it no room for a chunk, though it has a slot.
      const since = hasRoomFor(stage, worker, false) ? 0 : 1;
      for (const free of this.outlook.free(worker))
        if (free >= since) places.push(this.#placeOf(stage, worker, free));
    }
    return places;
  }

  /** What workers are given before the stage is done: its own, what its team wants no later, and what others have. */
  #backlogBefore({ job }: Stage): Backlog {
    const ranks = this.#teams.get(job.share) ?? [];
    const own = ranks.find((rank) => rank[0]?.job.priority === job.priority) ?? [];
    // Of its own rank, what goes first waits for no more than what goes before it.
    const before = goesFirst(job) ? own.filter((stage) => goesBefore(stage.job, job)) : own;
    const key = goesFirst(job) ? job : own;
    const known = this.#backlogs.get(key);
    if (known !== undefined) return known;
    const backlog: Backlog = { chunks: 0, work: 0 };
    for (const [share, others] of this.#teams) {
      for (const rank of others) {
        if (share === job.share && (rank[0]?.job.priority ?? 0) < job.priority) break;
        for (const stage of rank === own ? before : rank) this.#addBacklog(stage, backlog);
      }
    }
    this.#backlogs.set(key, backlog);
    return backlog;
  }

  #addBacklog(stage: Stage, to: Backlog): void {
    const { chunks, times } = stage;
    const waiting = chunks.count('queued');
    to.chunks += waiting;
    if (!times.work.varies) {
      to.work += waiting * this.outlook.work(stage, 0);
      return;
    }
    for (let section = 0; section < chunks.sections; section += 1)
      to.work += chunks.waitingIn(section) * this.outlook.work(stage, section);
  }

  #leastWaiting(stage: Stage): number {
    const waiting = stage.chunks.count('queued');
    const known = this.#least.get(stage);
    if (known?.waiting === waiting) return known.work;
    const work = this.#waiting(stage, (a, b) => a < b);
    this.#least.set(stage, { waiting, work });
    return work;
  }

  /** The longest of the waiting chunks, or the shortest. */
  #waiting(stage: Stage, better: (a: number, b: number) => boolean): number {
    const { chunks, times } = stage;
    if (!times.work.varies) return this.outlook.work(stage, 0);
    let found: number | null = null;
    for (let section = 0; section < chunks.sections; section += 1) {
      if (chunks.waitingIn(section) === 0) continue;
      const work = this.outlook.work(stage, section);
      if (found === null || better(work, found)) found = work;
    }
    return found ?? this.outlook.work(stage, 0);
  }
}

const goesBefore = (other: Job, job: Job): boolean => goesFirst(other) && compareSlack(other, job) <= 0;
/** When nine of ten chunks of so much work are done there. */
const endOf = ({ free, opening, speed, caution }: Place, work: number): number =>
  free + opening + (caution * work) / speed;

const isBy = (end: number, target: number): boolean => end <= target * (1 + ROUNDING);

/** The earliest time by which these places are done with that many chunks of equal work, if the last on each takes as long as nine of ten at most. */
function doneBy(places: readonly Place[], { chunks, work }: Backlog): number {
  if (chunks === 0) return 0;
  const each = work / chunks;
  const take = (time: number): number => {
    let taken = 0;
    for (const { free, opening, speed, caution } of places)
      taken += Math.max(0, Math.floor(((time - free - opening) * speed) / each + 1 - caution + ROUNDING));
    return taken;
  };
  let least = Number.POSITIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (const { free, opening, speed, caution } of places) {
    least = Math.min(least, free);
    most = Math.min(most, free + opening + (work + (caution - 1) * each) / speed);
  }
  for (let steps = 0; steps < 30 && most - least > 1; steps += 1) {
    const middle = (least + most) / 2;
    if (take(middle) >= chunks) most = middle;
    else least = middle;
  }
  return most;
}
