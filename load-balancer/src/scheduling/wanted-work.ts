import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { sortOf } from '../farm/chunk-times.ts';
import { type Farm, isPresent, type Job, type Lease, type Stage } from '../farm/farm.ts';
import { mostHeld } from '../farm/held-chunks.ts';
import { slotsFor } from '../farm/resources.ts';
import { openingOf } from '../prediction/stage-times.ts';
import { ONE_OF_TEN } from '../prediction/time-range.ts';
import { isCapable, waitingPinned } from './eligibility.ts';
import type { Outlook } from './outlook.ts';

/** What is left to do of a job. Times in milliseconds, of variances the roots, of logarithms. */
export type Wanted = {
  /** False while nothing is known of how long its chunks take: then it is a guess, for the sake of others. */
  known: boolean;
  /** With all workers of the farm at it. */
  work: number;
  /** The most of them that it can use, as a part of their speed. */
  width: number;
  deviation: number;
  /** Chunks wait, or will. */
  waiting: boolean;
  /** Of one chunk, on a slot of middling speed. */
  chunkMs: number;
  chunkDeviation: number;
  /** When the last chunk that runs is done. */
  lastEnd: number;
  /** How many workers may do it. */
  workers: number;
};

/**
 * When the last chunk is done of a job whose work, if it could be cut at will, would be done at `flowing`: the last one
 * ends up to its whole time after that. `deviations`: so many standard deviations from what is expected.
 */
export function endOfChunks(
  { lastEnd, chunkMs, chunkDeviation, waiting }: Wanted,
  flowing: number,
  deviations: number,
): number {
  const longer = Math.exp(deviations * chunkDeviation);
  const part = Math.max(0, Math.min(1, (1 + deviations / ONE_OF_TEN) / 2));
  return Math.max(flowing + (waiting ? part * chunkMs * longer : 0), lastEnd * longer);
}

/** Of all jobs that are worked on or wait to be, and of `supposed` stages besides; without those of which everything is done. */
export function wantedOf(farm: Farm, outlook: Outlook, supposed: readonly Stage[] = []): Map<Job, Wanted> {
  const look: Look = { farm, outlook, pools: new Map(), speeds: new Map() };
  const running = runningOf(farm, outlook);
  const wanted = new Map<Job, Wanted>();
  for (const stage of [...farm.stages.values(), ...supposed]) {
    const { job } = stage;
    if (!isGrantable(job.status)) continue;
    const one = wantedOfStage(look, stage, running.get(stage) ?? []);
    if (one === null) continue;
    const other = wanted.get(job);
    wanted.set(job, other === undefined ? one : together(one, other));
  }
  return wanted;
}

type Look = { farm: Farm; outlook: Outlook; pools: Map<string, Pool>; speeds: Map<string, number> };
/** Workers that may do a stage: their speed together, in how many slots, and variance of its logarithm. */
type Pool = { speed: number; slots: number; workers: number; variance: number };
/** A chunk that is held: when it is done, how much work that is, and whether it has begun. */
type Held = { end: number; work: number; begun: boolean };

/** Of each chunk the lease that ends first. */
function runningOf(farm: Farm, outlook: Outlook): Map<Stage, Held[]> {
  const found = new Map<Stage, Held[]>();
  for (const [stage, leases] of Map.groupBy(farm.leases.values(), (lease) => lease.stage)) {
    const chunks = Map.groupBy(leases, (lease) => lease.ordinal);
    found.set(
      stage,
      [...chunks.values()].map((rivals) => rivals.map((lease) => heldBy(lease, outlook)).reduce(sooner)),
    );
  }
  return found;
}

const sooner = (a: Held, b: Held): Held => (a.begun && (!b.begun || a.end <= b.end) ? a : b);

function heldBy(lease: Lease, outlook: Outlook): Held {
  const { stage, worker, startedAt } = lease;
  if (startedAt === null) return { end: 0, work: outlook.meanWork(stage), begun: false };
  const end = outlook.endOf(lease);
  return { end, work: end * outlook.speed(worker, stage), begun: true };
}

function wantedOfStage(look: Look, stage: Stage, held: readonly Held[]): Wanted | null {
  const { outlook, farm } = look;
  const { chunks, times, job, span } = stage;
  const queued = chunks.count('queued');
  const length = span.to - span.from;
  const later = length > 0 ? ((1 - span.to) / length) * chunks.size : 0;
  const left = queued + held.length + later;
  if (left === 0) return null;
  const mean = outlook.meanWork(stage);
  const pool = poolOf(look, stage);
  const slots = Math.min(pool.slots, mostHeld(farm, job), Math.max(left, 1));
  const opening = queued > 0 ? Math.min(slots, queued) * openingOf(times) : 0;
  const work =
    waitingWork(outlook, stage) + held.reduce((sum, one) => sum + one.work, 0) + later * mean + opening;
  const known = times.work.chunks > 0 && length > 0;
  const scatter = outlook.scatter(stage);
  const doubt = times.work.chunks > 0 ? times.work.doubt : 1;
  return {
    known,
    work: work / speedOfAll(look, stage),
    width:
      pool.slots === 0 || waitsForAbsent(farm, stage)
        ? 0
        : ((slots / pool.slots) * pool.speed) / speedOfAll(look, stage),
    deviation: Math.sqrt(doubt + scatter / left + pool.variance),
    waiting: queued + later > 0 || held.some((one) => !one.begun),
    chunkMs: pool.speed === 0 ? 0 : (mean * pool.slots) / pool.speed,
    chunkDeviation: Math.sqrt(scatter),
    lastEnd: held.reduce((last, one) => Math.max(last, one.end), 0),
    workers: pool.workers,
  };
}

/** Nobody knows when a worker comes back that alone may run what waits. */
const waitsForAbsent = ({ workers }: Farm, stage: Stage): boolean =>
  stage.pins?.keys().some((id) => {
    const worker = workers.get(id);
    return (worker === undefined || !isPresent(worker)) && waitingPinned(stage, { id }).length > 0;
  }) ?? false;

function waitingWork(outlook: Outlook, stage: Stage): number {
  const { chunks, times } = stage;
  if (!times.work.varies) return chunks.count('queued') * outlook.work(stage, 0);
  let work = 0;
  for (let section = 0; section < chunks.sections; section += 1)
    work += chunks.waitingIn(section) * outlook.work(stage, section);
  return work;
}

/** Of a job with several open stages, as if they were one. */
const together = (a: Wanted, b: Wanted): Wanted => ({
  known: a.known && b.known,
  work: a.work + b.work,
  width: Math.max(a.width, b.width),
  deviation: Math.max(a.deviation, b.deviation),
  waiting: a.waiting || b.waiting,
  chunkMs: Math.max(a.chunkMs, b.chunkMs),
  chunkDeviation: Math.max(a.chunkDeviation, b.chunkDeviation),
  lastEnd: Math.max(a.lastEnd, b.lastEnd),
  workers: Math.max(a.workers, b.workers),
});

function poolOf({ farm, outlook, pools }: Look, stage: Stage): Pool {
  const { team, person } = stage.job;
  const pinned = stage.pins === null ? '' : stage.id;
  const { requirementsKey, askedKey, memory } = stage;
  const key = [sortOf(stage), requirementsKey, askedKey, memory.seen, team, person, pinned].join('\n');
  const known = pools.get(key);
  if (known !== undefined) return known;
  let [speed, slots, workers, squares] = [0, 0, 0, 0];
  for (const worker of farm.workers.values()) {
    if (!isPresent(worker) || !isCapable(stage, worker)) continue;
    const fitting = slotsFor(stage, worker);
    const pace = outlook.pace(worker, stage);
    const each = Math.exp(pace.log) * fitting;
    slots += fitting;
    if (fitting > 0) workers += 1;
    speed += each;
    squares += each * each * pace.variance;
  }
  const pool = { speed, slots, workers, variance: speed === 0 ? 0 : squares / speed ** 2 };
  pools.set(key, pool);
  return pool;
}

/** Of all present workers, in that sort of work. */
function speedOfAll({ farm, outlook, speeds }: Look, stage: Stage): number {
  const sort = sortOf(stage);
  let speed = speeds.get(sort);
  if (speed === undefined) {
    speed = 0;
    for (const worker of farm.workers.values())
      if (isPresent(worker)) speed += worker.slots * outlook.speed(worker, stage);
    speeds.set(sort, speed);
  }
  return Math.max(speed, Number.MIN_VALUE);
}
