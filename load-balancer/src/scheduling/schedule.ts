import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { grantChunk } from '../farm/change-chunk.ts';
import { hangLimit } from '../farm/chunk-times.ts';
import { append, type Effect } from '../farm/effects.ts';
import { type Farm, isPresent, type Stage, type Worker } from '../farm/farm.ts';
import { hasIdleSlot, hasRoomAhead } from '../farm/resources.ts';
import { type Board, chooseStage, createBoard } from './choose-stage.ts';
import { isRefused } from './eligibility.ts';
import { takeBack } from './reclaim.ts';

/**
 * Who gets what, once a round: first every idle slot, then one chunk ahead for
 * each slot; at last, what has not begun is asked back for slots that are
 * still idle. Pure but for the farm it changes.
 */
export function schedule(farm: Farm, now: number, newLease: () => LeaseId): Effect[] {
  const board = createBoard(farm);
  const effects: Effect[] = [];
  if (board.teams.size > 0) {
    for (const depth of [1, 2]) assignPass(farm, board, depth, { now, newLease, effects });
  }
  return [...effects, ...takeBack(farm, board, now)];
}

type Round = { now: number; newLease: () => LeaseId; effects: Effect[] };

// One pass over the workers after another, one chunk each, so that few chunks spread over many machines.
function assignPass(farm: Farm, board: Board, depth: number, round: Round): void {
  board.ahead = depth > 1;
  const hasRoom = (worker: Worker) => (board.ahead ? hasRoomAhead(worker) : hasIdleSlot(worker, round.now));
  let free = [...farm.workers.values()].filter(
    (worker) => isPresent(worker) && worker.pausedUntil <= round.now && hasRoom(worker),
  );
  free.sort((a, b) => b.speed - a.speed);
  while (free.length > 0) {
    const assigned: Worker[] = [];
    for (const worker of free) {
      if (hasRoom(worker) && assignOne(farm, board, worker, free, hasRoom, round)) assigned.push(worker);
    }
    free = assigned.filter(hasRoom);
  }
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
    if (stage === undefined) return false;
    // The order of the list decides nothing while there is enough for all.
    const receiver =
      stage.chunks.count('queued') < free.length
        ? bestOf(farm, board, stage, worker, free.filter(hasRoom))
        : worker;
    if (!grantNext(farm, stage, receiver, board.ahead, round)) return false;
    if (receiver === worker) return true;
  }
}

/**
 * When there are fewer chunks than takers: who has the job open, then who
 * holds its files, then the least busy, then the fastest; of those for whom
 * this stage is the best choice too.
 */
function bestOf(farm: Farm, board: Board, stage: Stage, worker: Worker, rivals: Worker[]): Worker {
  let best = worker;
  for (const rival of rivals) {
    if (rival === best || compareFitness(stage, rival, best) >= 0) continue;
    if (chooseStage(farm, board, rival) === stage) best = rival;
  }
  return best;
}

function compareFitness(stage: Stage, a: Worker, b: Worker): number {
  return (
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

function grantNext(
  farm: Farm,
  stage: Stage,
  worker: Worker,
  ahead: boolean,
  { now, newLease, effects }: Round,
): boolean {
  const ordinal = stage.chunks.next((candidate) =>
    isRefused(farm, { stage, ordinal: candidate }, worker, ahead),
  );
  if (ordinal === undefined) return false;
  const granted = grantChunk(farm, { stage, ordinal, worker, lease: newLease(), purpose: 'first' }, now);
  worker.open = [stage.affinity, ...worker.open.filter((it) => it !== stage.affinity)].slice(0, worker.slots);
  append(effects, granted.effects);
  effects.push({
    type: 'assign',
    lease: granted.lease,
    hangLimitMs: hangLimit(stage, farm.longestSilenceMs),
  });
  return true;
}
