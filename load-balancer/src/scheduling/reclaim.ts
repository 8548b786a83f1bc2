import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { add, fits } from '@parallel-pilot/shared/model/resources.ts';
import type { Effect } from '../farm/effects.ts';
import { type Claim, type Farm, isPresent, type Lease, type Worker } from '../farm/farm.ts';
import {
  couldReplace,
  hasIdleSlot,
  isAhead,
  isTooLarge,
  occupancyOf,
  usedElsewhere,
} from '../farm/resources.ts';
import type { Board } from './choose-stage.ts';
import { isAvoided, isKeptFrom, isOnTrial, mayRun, mayTake } from './eligibility.ts';
import { isReserved } from './reservation.ts';

/**
 * Asks back what has not begun: of paused jobs, for idle workers, and where more urgent work waits. Who gets it is
 * settled here: decided once more when it is back, by what is expected then, it could go to and fro at once, for ever.
 */
export function takeBack(farm: Farm, board: Board, now: number): Effect[] {
  const effects: Effect[] = [];
  const ask = (lease: Lease, claim: Claim | null = null) => {
    if (lease.worker.session === null) return;
    lease.reclaimedAt = now;
    lease.reclaimedFor = claim;
    effects.push({ type: 'reclaim', session: lease.worker.session, lease: lease.id });
  };
  const unstarted = [...farm.leases.values()].filter(isUnstarted);
  if (unstarted.length === 0) return effects;
  for (const lease of unstarted) {
    const { job } = lease.stage;
    // Chunks of a paused job, or of a worker that is held back, that run may finish; those not begun go back to the queue.
    // So do those that the worker will never have room for, now that it offers less.
    if (
      !isAsked(lease) &&
      (!isGrantable(job.status) ||
        lease.worker.disabled ||
        isKeptFrom(lease.stage, lease.worker) ||
        isTooLarge(lease))
    )
      ask(lease);
  }
  const alone = unstarted.filter(isAlone);
  forIdleWorkers(farm, board, alone, now, ask);
  forUrgentWork(farm, board, alone, now, ask);
  return effects;
}

const isUnstarted = (lease: Lease): boolean => lease.startedAt === null && !lease.kept && lease.delivered;
const isAlone = ({ gang }: Lease): boolean => gang === null;
const isAsked = (lease: Lease): boolean => lease.reclaimedAt !== null;

function forIdleWorkers(
  farm: Farm,
  { finishTimes }: Board,
  unstarted: Lease[],
  now: number,
  ask: (lease: Lease, claim: Claim | null) => void,
): void {
  const isIdle = (worker: Worker) =>
    isPresent(worker) && worker.pausedUntil <= now && hasIdleSlot(worker, now);
  if (!farm.workers.values().some(isIdle)) return;
  const spare = spareLeases(unstarted);
  if (spare.length === 0) return;
  // What was asked back before comes to the idle ones first.
  let coming = unstarted.filter(isAsked).length;
  for (const worker of farm.workers.values()) {
    if (!isIdle(worker)) continue;
    const { counted } = occupancyOf(worker);
    let { used } = occupancyOf(worker);
    for (let idle = worker.slots - counted; idle > 0; idle -= 1) {
      if (coming > 0) {
        coming -= 1;
        continue;
      }
      const at = spare.findIndex(
        (lease) =>
          lease.worker !== worker &&
          mayRun(lease.stage, worker) &&
          !isReserved(farm, lease.stage, worker, false) &&
          !keepsRoom(worker, lease) &&
          fits(worker.offer, used, usedElsewhere(lease, worker)) &&
          !isOnTrial(lease.stage.job, worker) &&
          !isAvoided(farm, lease.stage, lease.ordinal, worker) &&
          finishTimes.betterPlace(lease, worker) !== null,
      );
      const lease = spare[at];
      if (lease === undefined) break;
      spare.splice(at, 1);
      used = add(used, usedElsewhere(lease, worker));
      const { stage } = lease;
      ask(lease, finishTimes.betterPlace(lease, worker) === 'here' ? { worker, stage } : null);
    }
  }
}

/** Whether what is idle there is kept for a chunk of another team: it would not take the lease's. */
const keepsRoom = (worker: Worker, { stage: { job } }: Lease): boolean =>
  occupancyOf(worker).ahead.some((lease) => lease.stage.job.share !== job.share);

/** Leases that wait behind what their worker can begin: most urgent jobs first, slowest workers first. */
function spareLeases(unstarted: Lease[]): Lease[] {
  // The newest of a worker's are the last it would begin.
  const spare = unstarted
    .toReversed()
    .filter((lease) => !isAsked(lease) && isAhead(lease) && lease.stage.pins === null);
  return spare.sort((a, b) => b.stage.job.priority - a.stage.job.priority || a.worker.speed - b.worker.speed);
}

// A worker that is full of lesser work of a team gives the part it has not begun for a waiting chunk of its higher priority.
function forUrgentWork(
  farm: Farm,
  board: Board,
  unstarted: Lease[],
  now: number,
  ask: (lease: Lease, claim: Claim) => void,
): void {
  const asked = new Set(unstarted.filter(isAsked).map((lease) => lease.worker));
  for (const lease of unstarted) {
    const { priority, share } = lease.stage.job;
    // Urgent to its own team: what others have goes by turns.
    const ranks = board.teams.get(share) ?? [];
    const urgent = ranks[0]?.[0]?.job.priority;
    if (urgent === undefined || isAsked(lease) || priority >= urgent || asked.has(lease.worker)) continue;
    if (!isPresent(lease.worker) || lease.worker.pausedUntil > now) continue;
    const better = ranks
      .flat()
      .find(
        (stage) =>
          stage.job.priority > priority &&
          mayTake(farm, stage, lease.worker, true) &&
          couldReplace(lease, stage) &&
          board.finishTimes.suits(stage, lease.worker),
      );
    if (better === undefined) continue;
    asked.add(lease.worker);
    ask(lease, { worker: lease.worker, stage: better });
  }
}
