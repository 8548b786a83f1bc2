import { NOTICE_MS } from '@parallel-pilot/shared/model/checkpoint.ts';
import { mayPreempt } from '@parallel-pilot/shared/model/priority.ts';
import type { Effect } from '../farm/effects.ts';
import { type Farm, isFree, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { isAtLimit } from '../farm/held-chunks.ts';
import { hasIdleSlot, hasRoomFor, hasRoomWithout } from '../farm/resources.ts';
import { type Board, chooseStage } from './choose-stage.ts';
import { isOnTrial, mayRun } from './eligibility.ts';
import type { Outlook } from './outlook.ts';

/** A chunk is taken back so often at most: it has to come to its end one day. */
const MOST_TIMES = 2;
/** So long after its notice a worker may still be handing in what the chunk has left. */
const HAND_IN_MS = 60_000;
/** Moving a chunk is worth it when it is expected to be done in so much of the time that is left otherwise. */
const CLEARLY_SOONER = 0.6;
/** It costs a stop, a way through the farm and an opening: what is done sooner than this stays. */
const WORTH_MOVING_MS = 6 * NOTICE_MS;

/**
 * Which chunks that run are taken back, with notice: where an urgent job of
 * their team waits that can have their place, and where they go on elsewhere
 * from what they keep, because their worker is leaving, its hours are over, or another one that
 * idles is much faster. Never what would end sooner than the other could begin.
 * Pure but for the leases, which it marks.
 */
export function preempt(farm: Farm, board: Board, now: number): Effect[] {
  const effects: Effect[] = [];
  const take = (lease: Lease, goesTo: Stage | null): void => {
    const { session } = lease.worker;
    if (session === null) return;
    lease.preempting = { goesTo, until: now + NOTICE_MS + HAND_IN_MS };
    effects.push({ type: 'preempt', session, lease: lease.id, noticeMs: NOTICE_MS });
  };
  forUrgentJobs(farm, board, take);
  const idle = [...farm.workers.values()].filter((it) => isFree(it, now) && hasIdleSlot(it, now));
  for (const lease of farm.leases.values()) {
    if (lease.keptFraction === 0 || !mayBeTaken(lease, board.finishTimes.outlook)) continue;
    const better = idle.findIndex((worker) => isWorthMoving(lease, worker, board.finishTimes.outlook));
    if (better < 0) continue;
    idle.splice(better, 1);
    take(lease, null);
  }
  return effects;
}

/** It runs, has not been told to end, and will not have ended by itself before another could begin. */
const mayBeTaken = (lease: Lease, outlook: Outlook): boolean =>
  lease.startedAt !== null &&
  lease.preempting === null &&
  (lease.stage.takenBack.get(lease.ordinal)?.times ?? 0) < MOST_TIMES &&
  outlook.endOf(lease) > NOTICE_MS;

type Victim = { lease: Lease; stage: Stage; lost: number };

function forUrgentJobs(farm: Farm, board: Board, take: (lease: Lease, goesTo: Stage) => void): void {
  const places = new Map<Stage, number>();
  for (const ranks of board.teams.values())
    for (const stage of ranks.flat())
      if (mayPreempt(stage.job) && !isAtLimit(farm, stage.job)) places.set(stage, wanted(farm, board, stage));
  if (places.size === 0) return;
  const victims = [...farm.workers.values()].flatMap((worker) => victimOf(farm, board, worker) ?? []);
  // What loses least goes first.
  for (const { lease, stage } of victims.sort((a, b) => a.lost - b.lost)) {
    const left = places.get(stage) ?? 0;
    if (left <= 0) continue;
    places.set(stage, left - 1);
    take(lease, stage);
  }
}

/** Waiting chunks that will not have a place before one could be made: less those that come free by then, or were made. */
function wanted(farm: Farm, { finishTimes: { outlook } }: Board, stage: Stage): number {
  let coming = 0;
  for (const lease of farm.leases.values()) if (lease.preempting?.goesTo === stage) coming += 1;
  for (const worker of farm.workers.values()) {
    if (!isFree(worker, outlook.now) || !mayRun(stage, worker)) continue;
    for (const free of outlook.free(worker)) if (free <= NOTICE_MS) coming += 1;
  }
  return stage.chunks.count('queued') - coming;
}

/** Of what a worker runs, the chunk that loses least where the worker would be given urgent work next; null for none. */
function victimOf(farm: Farm, board: Board, worker: Worker): Victim | null {
  const { outlook } = board.finishTimes;
  if (!isFree(worker, outlook.now) || hasIdleSlot(worker, outlook.now)) return null;
  const stage = chooseStage(farm, board, worker);
  if (stage === undefined || !mayPreempt(stage.job)) return null;
  let best: Victim | null = null;
  for (const lease of worker.leases) {
    // Urgent is urgent to its own team: what others have goes by turns.
    const { share, priority } = lease.stage.job;
    if (share !== stage.job.share || priority >= stage.job.priority) continue;
    if (!mayBeTaken(lease, outlook) || !hasRoomWithout(stage, lease)) continue;
    const lost = Math.max(0, lease.fraction - lease.keptFraction) * outlook.workOf(lease);
    if (best === null || lost < best.lost) best = { lease, stage, lost };
  }
  return best;
}

/** It takes no more work, and is to be free of what it has: it drains, or its hours are over. */
const isGoing = ({ draining, lent }: Worker): boolean => draining || !lent.open;

/** Whether what is left of a chunk would be done much sooner on a worker that idles, or could be there at all before its own leaves. */
function isWorthMoving(lease: Lease, worker: Worker, outlook: Outlook): boolean {
  const { stage } = lease;
  if (worker === lease.worker || !mayRun(stage, worker) || isOnTrial(stage.job, worker)) return false;
  if (!hasRoomFor(stage, worker, false, lease.ordinal)) return false;
  if (isGoing(lease.worker)) return true;
  const stays = outlook.endOf(lease);
  if (stays < WORTH_MOVING_MS) return false;
  const rest = ((1 - lease.keptFraction) * outlook.workOf(lease)) / outlook.speed(worker, stage);
  return NOTICE_MS + outlook.openingMs(worker, stage) + rest < CLEARLY_SOONER * stays;
}
