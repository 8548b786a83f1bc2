import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { endOvertaken, grantChunk } from '../farm/change-chunk.ts';
import type { ChunkTable } from '../farm/chunk-table.ts';
import { hangLimit } from '../farm/chunk-times.ts';
import { append, type Effect } from '../farm/effects.ts';
import { type Farm, isFree, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { isAtLimit } from '../farm/held-chunks.ts';
import { countOffered } from '../farm/portion.ts';
import {
  hasFewAhead,
  hasIdleSlot,
  hasRoomAhead,
  hasRoomFor,
  lastsInEverySlot,
  occupancyOf,
} from '../farm/resources.ts';
import { backupsFor, overtaken } from './backups.ts';
import { type Board, chooseStage, createBoard } from './choose-stage.ts';
import { isRefused, mayTake } from './eligibility.ts';
import { endBrokenGangs, placeGangs } from './gangs.ts';
import { Outlook } from './outlook.ts';
import { getsPlace, preempt } from './preempt.ts';
import { takeBack } from './reclaim.ts';

/** So much work a worker has ahead of what runs, so that it need not wait for an answer. */
const AHEAD_MS = 300;
/** Ahead of what runs, a round gives about so many at most: nobody waits for those, and what a round holds has its bounds. */
const MOST_AHEAD = 2_000;
/** How often a round looks again at what is left, at most. */
const LOOKS = 4;

/**
 * Who gets what, once a round: gangs that find all of their places, then every idle slot, then a chunk ahead for each slot
 * that comes free soon, or may. What runs and would end too late is given to a
 * second worker, before its stage's waiting chunks where it must be. At last,
 * what has not begun is asked back for slots that are still idle. Pure but for
 * the farm it changes.
 */
export function schedule(farm: Farm, now: number, newLease: () => LeaseId): Effect[] {
  countOffered(farm);
  const round: Round = { now, newLease, effects: endHopeless(farm, now), ahead: 0 };
  append(round.effects, endBrokenGangs(farm, now));
  let board = createBoard(farm, now);
  const placed = placeGangs(farm, board.finishTimes.outlook, (member) =>
    grant({ ...member, purpose: 'first' }, farm, board, round),
  );
  if (placed) board = createBoard(farm, now);
  if (giveBackups(farm, board, round, (next, stage) => next === stage)) board = createBoard(farm, now);
  board = assignAll(farm, board, round);
  if (someIdle(farm, now) && giveBackups(farm, board, round, (next) => next === undefined))
    board = assignAll(farm, createBoard(farm, now), round);
  farm.claims = [];
  return [...round.effects, ...takeBack(farm, board, now), ...preempt(farm, board, now)];
}

/** A lease that another one of its chunk is clearly ahead of is for nothing: its worker could do something else. */
function endHopeless(farm: Farm, now: number): Effect[] {
  const outlook = new Outlook(farm, now);
  return overtaken(farm, outlook).flatMap(({ lease, by }) => {
    const work = outlook.seenWork(by) ?? outlook.workOf(by);
    // What it has shown of the chunk holds on.
    by.foreseen = outlook.seenWork(lease) ?? work;
    return endOvertaken(farm, lease, work, now);
  });
}

/** What was given out leaves the others with another prospect: who idles is asked again. Gives back the board as it is then. */
function assignAll(farm: Farm, first: Board, round: Round): Board {
  let board = first;
  for (let looks = 0; looks < LOOKS && board.teams.size > 0; looks += 1) {
    const before = round.effects.length;
    for (const depth of [1, 2]) assignPass(farm, board, depth, round);
    if (round.effects.length === before) break;
    board = createBoard(farm, round.now);
    if (!someIdle(farm, round.now)) break;
  }
  return board;
}

/** True when it gave any. `goesFirst` says whether a backup of the stage may go before what the worker would be given otherwise. */
function giveBackups(
  farm: Farm,
  board: Board,
  round: Round,
  goesFirst: (next: Stage | undefined, stage: Stage) => boolean,
): boolean {
  const before = round.effects.length;
  for (const { lease, worker } of backupsFor(farm, board.finishTimes)) {
    const { stage, ordinal } = lease;
    if (isAtLimit(farm, stage.job) || !goesFirst(chooseStage(farm, board, worker), stage)) continue;
    const foreseen = board.finishTimes.outlook.workOf(lease);
    grant({ stage, ordinal, worker, purpose: 'backup', foreseen }, farm, board, round);
  }
  return round.effects.length > before;
}

function someIdle(farm: Farm, now: number): boolean {
  for (const worker of farm.workers.values())
    if (isFree(worker, now) && hasIdleSlot(worker, now)) return true;
  return false;
}

type Round = { now: number; newLease: () => LeaseId; effects: Effect[] /** Given so far. */; ahead: number };

// One pass over the workers after another, one chunk each, so that few chunks spread over many machines.
function assignPass(farm: Farm, board: Board, depth: number, round: Round): void {
  const { outlook } = board.finishTimes;
  board.ahead = depth > 1;
  const hasRoom = (worker: Worker) =>
    board.ahead
      ? !lastsInEverySlot(worker) && (wantsAhead(worker, outlook) || isCrowded(farm, board, worker))
      : hasIdleSlot(worker, round.now);
  let free = [...farm.workers.values()].filter((worker) => isFree(worker, round.now) && hasRoom(worker));
  free.sort((a, b) => b.speed - a.speed);
  while (free.length > 0 && (!board.ahead || round.ahead < MOST_AHEAD)) {
    const assigned: Worker[] = [];
    for (const worker of free) {
      if (hasRoom(worker) && assignOne(farm, board, worker, free, hasRoom, round)) assigned.push(worker);
    }
    free = assigned.filter(hasRoom);
  }
}

/**
 * By time, so that long chunks are not hoarded and short ones are there in time: one for each that ends soon, and more
 * while all together take no longer than that. Where no time is known, one may be short.
 */
function wantsAhead(worker: Worker, outlook: Outlook): boolean {
  const few = hasFewAhead(worker);
  const aheadMs = outlook.aheadMs(worker);
  if (aheadMs === null) return few;
  const { counted, ahead } = occupancyOf(worker);
  // What still waits for an idle slot has no room there, until one of the others ends.
  const idle = Math.max(0, Math.min(worker.slots - counted, worker.slots - 1));
  if (idle > 0 && ahead.length === 0) return true;
  if ((outlook.free(worker)[idle] ?? 0) > AHEAD_MS) return false;
  return few || (hasRoomAhead(worker) && aheadMs <= AHEAD_MS);
}

/** What has the best claim would never get in between the small chunks of others: ahead of them, it is kept room for. */
function isCrowded(farm: Farm, board: Board, worker: Worker): boolean {
  if (!board.uneven || occupancyOf(worker).ahead.length > 0) return false;
  const stage = chooseStage(farm, board, worker);
  if (stage === undefined || hasRoomFor(stage, worker, false)) return false;
  return [...worker.leases].some((lease) => lease.stage.job !== stage.job);
}

/** Grants chunks, to better suited workers first, until this worker got one; false when nothing waits that it may run. */
function assignOne(
  farm: Farm,
  board: Board,
  worker: Worker,
  free: Worker[],
  hasRoom: (worker: Worker) => boolean,
  round: Round,
): boolean {
  for (;;) {
    const stage = chooseStage(farm, board, worker);
    if (stage === undefined) {
      if (!board.ahead) noteLeft(farm, board, worker, round.now);
      return false;
    }
    if (board.ahead && getsPlace(stage, worker)) return false;
    // The order of the list decides nothing while there is enough for all.
    const receiver =
      stage.chunks.count('queued') < free.length
        ? bestOf(farm, board, stage, worker, free.filter(hasRoom))
        : worker;
    if (!grantNext(farm, board, stage, receiver, round)) return false;
    if (receiver === worker) return true;
  }
}

/** An idle worker leaves to others what it could begin. They may turn out not to take it: that is known by how long it was left. */
function noteLeft(farm: Farm, { teams }: Board, worker: Worker, now: number): void {
  for (const ranks of teams.values())
    for (const rank of ranks)
      for (const stage of rank)
        if (stage.leftSince === null && mayTake(farm, stage, worker, false)) stage.leftSince = now;
}

/**
 * When there are fewer chunks than takers: who is done with it first, then who
 * has the job open, then who holds its files, then the least busy, then the
 * fastest; of those for whom this stage is the best choice too.
 */
function bestOf(farm: Farm, board: Board, stage: Stage, worker: Worker, rivals: Worker[]): Worker {
  let best = worker;
  for (const rival of rivals) {
    if (rival === best || compareFitness(board, stage, rival, best) >= 0) continue;
    if (board.ahead && getsPlace(stage, rival)) continue;
    if (chooseStage(farm, board, rival) === stage) best = rival;
  }
  return best;
}

function compareFitness({ finishTimes }: Board, stage: Stage, a: Worker, b: Worker): number {
  return (
    Math.round(finishTimes.finish(stage, a, 0) - finishTimes.finish(stage, b, 0)) ||
    readiness(stage, b) - readiness(stage, a) ||
    a.leases.size / a.slots - b.leases.size / b.slots ||
    b.speed - a.speed
  );
}

/** 2 with the job open, else the part of its files that are there, 0 to 1. */
function readiness(stage: Stage, worker: Worker): number {
  if (worker.open.includes(stage.affinity)) return 2;
  if (stage.inputKeys.length === 0) return 0;
  return stage.inputKeys.filter((key) => worker.blobs.has(key)).length / stage.inputKeys.length;
}

function grantNext(farm: Farm, board: Board, stage: Stage, worker: Worker, round: Round): boolean {
  const ordinal = nextOrdinal(farm, board, stage, worker);
  if (ordinal === undefined) return false;
  grant({ stage, ordinal, worker, purpose: 'first' }, farm, board, round);
  return true;
}

function grant(
  {
    foreseen,
    ...what
  }: Pick<Lease, 'stage' | 'ordinal' | 'worker' | 'purpose' | 'foreseen'> & {
    gang?: number;
  },
  farm: Farm,
  { finishTimes, ahead }: Board,
  round: Round,
): void {
  const { stage, worker } = what;
  const { now, newLease, effects } = round;
  if (ahead) round.ahead += 1;
  const granted = grantChunk(farm, { ...what, lease: newLease() }, now);
  if (foreseen !== undefined) granted.lease.foreseen = foreseen;
  stage.leftSince = null;
  granted.lease.opens = !worker.open.includes(stage.affinity);
  worker.open = [stage.affinity, ...worker.open.filter((it) => it !== stage.affinity)].slice(0, worker.slots);
  finishTimes.outlook.gave(granted.lease);
  append(effects, granted.effects);
  effects.push({
    type: 'assign',
    lease: granted.lease,
    hangLimitMs: hangLimit(stage, farm.longestSilenceMs),
  });
}

/** The longest where times are known to differ; from all over the stage while nothing is known; else the lowest. */
function nextOrdinal(
  farm: Farm,
  { finishTimes, ahead }: Board,
  stage: Stage,
  worker: Worker,
): number | undefined {
  const { chunks, times } = stage;
  const refuse = (candidate: number) => isRefused(farm, { stage, ordinal: candidate }, worker, ahead);
  const section = times.work.chunks === 0 ? spread(chunks) : finishTimes.sectionFor(stage, worker);
  const found = section === undefined ? undefined : chunks.nextIn(section, refuse);
  return found ?? chunks.next(refuse);
}

/** Section by section as far as possible from those that were taken (van der Corput's sequence in base 2). */
function spread(chunks: ChunkTable): number | undefined {
  let [numerator, denominator] = [0, 1];
  for (let left = chunks.size - chunks.count('queued'); left > 0; left = Math.floor(left / 2)) {
    numerator = 2 * numerator + (left % 2);
    denominator *= 2;
  }
  return Math.floor((chunks.sections * numerator) / denominator);
}
