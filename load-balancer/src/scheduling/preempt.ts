import { NOTICE_MS } from '@parallel-pilot/shared/model/checkpoint.ts';
import type { Effect } from '../farm/effects.ts';
import { chunkOf, type Farm, isFree, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { isAtLimit } from '../farm/held-chunks.ts';
import { hasIdleSlot, hasRoomFor, hasRoomWithout } from '../farm/resources.ts';
import { type Board, chooseStage } from './choose-stage.ts';
import { mayPreempt } from './deadlines.ts';
import { isOnTrial, mayRun, waitingPinned } from './eligibility.ts';
import type { Outlook } from './outlook.ts';
import { isReserved } from './reservation.ts';

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
    const fields = { chunk: chunkOf(lease), worker: lease.worker.id, job: goesTo?.job.id ?? null };
    effects.push({ type: 'log', level: 'info', fields: { event: 'chunk.preempting', ...fields } });
    effects.push({ type: 'preempt', session, lease: lease.id, noticeMs: NOTICE_MS });
  };
  forUrgentJobs(farm, board, take);
  const idle = [...farm.workers.values()].filter((it) => isFree(it, now) && hasIdleSlot(it, now));
  for (const lease of farm.leases.values()) {
    if (lease.keptFraction === 0 || !mayBeTaken(lease, board.finishTimes.outlook)) continue;
    const better = idle.findIndex(
      (worker) =>
        !isReserved(farm, lease.stage, worker, false) &&
        isWorthMoving(lease, worker, board.finishTimes.outlook),
    );
    if (better < 0) continue;
    idle.splice(better, 1);
    take(lease, null);
  }
  return effects;
}

const wasSeldomTaken = ({ stage, ordinal }: Lease): boolean =>
  (stage.takenBack.get(ordinal)?.times ?? 0) < MOST_TIMES;

/** It runs, has not been told to end, and will not have ended by itself before another could begin. */
const mayBeTaken = (lease: Lease, outlook: Outlook): boolean =>
  lease.startedAt !== null &&
  // One of a gang ends all of it.
  lease.gang === null &&
  lease.preempting === null &&
  wasSeldomTaken(lease) &&
  (!outlook.knowsEndOf(lease) || outlook.endOf(lease) > NOTICE_MS);

function forUrgentJobs(farm: Farm, board: Board, take: (lease: Lease, goesTo: Stage) => void): void {
  const places = placesWanted(farm, board);
  if (places.size === 0) return;
  const victims = [...farm.workers.values()].flatMap((worker) => victimOf(farm, board, worker) ?? []);
  // What loses least goes first.
  for (const { lease } of victims.sort((a, b) => a.lost - b.lost)) {
    const next = places.entries().find(([stage, left]) => left > 0 && couldHave(stage, lease));
    if (next === undefined) continue;
    places.set(next[0], next[1] - 1);
    take(lease, next[0]);
  }
}

/** Of each urgent stage the waiting chunks that get no place by themselves before one could be made for them. */
function placesWanted(farm: Farm, { teams, finishTimes: { outlook } }: Board): Map<Stage, number> {
  const wanted = new Map<Stage, number>();
  for (const stage of [...teams.values()].flat(2)) {
    if (mayPreempt(stage.job) && !isAtLimit(farm, stage.job)) wanted.set(stage, stage.chunks.count('queued'));
  }
  if (wanted.size === 0) return wanted;
  const less = (stage: Stage) => wanted.set(stage, (wanted.get(stage) ?? 0) - 1);
  for (const { preempting } of farm.leases.values()) if (preempting?.goesTo) less(preempting.goesTo);
  for (const worker of farm.workers.values()) {
    if (!isFree(worker, outlook.now)) continue;
    for (let coming = comingFree(worker, outlook); coming > 0; coming -= 1) {
      const next = wanted
        .entries()
        .find(([stage, left]) => left > 0 && mayRun(stage, worker) && hasChunkFor(stage, worker));
      if (next !== undefined) less(next[0]);
    }
  }
  return wanted;
}

const hasChunkFor = (stage: Stage, worker: Worker): boolean =>
  stage.pins === null || waitingPinned(stage, worker).length > 0;

/** Slots of a worker that are free before one could be made, as far as is known. */
function comingFree(worker: Worker, outlook: Outlook): number {
  let coming = Math.max(0, worker.slots - worker.leases.size);
  for (const lease of worker.leases) {
    const endsSoon = outlook.knowsEndOf(lease) && outlook.endOf(lease) <= NOTICE_MS;
    if (lease.startedAt !== null && endsSoon) coming += 1;
  }
  return coming;
}

/** Whether an urgent chunk gets its place at the worker by what is taken back there: given ahead, it would wait behind that. */
export function getsPlace(stage: Stage, worker: Worker): boolean {
  if (!mayPreempt(stage.job)) return false;
  for (const lease of worker.leases)
    if (isLesser(lease, stage) && (lease.preempting !== null || wasSeldomTaken(lease))) return true;
  return false;
}

/** Urgent is urgent to its own team: what others have goes by turns. */
const isLesser = ({ startedAt, gang, stage: { job } }: Lease, { job: urgent }: Stage): boolean =>
  startedAt !== null && gang === null && job.share === urgent.share && job.priority < urgent.priority;

/** Whether the stage could have its place. */
const couldHave = (stage: Stage, lease: Lease): boolean =>
  isLesser(lease, stage) &&
  mayRun(stage, lease.worker) &&
  hasChunkFor(stage, lease.worker) &&
  hasRoomWithout(stage, lease);

type Victim = { lease: Lease; lost: number };

/** Of what a worker runs, the chunk that loses least where the worker would be given urgent work next; null for none. */
function victimOf(farm: Farm, board: Board, worker: Worker): Victim | null {
  const { outlook } = board.finishTimes;
  if (!isFree(worker, outlook.now) || hasIdleSlot(worker, outlook.now)) return null;
  const stage = chooseStage(farm, { ...board, ahead: true, inPlace: true }, worker);
  if (stage === undefined || !mayPreempt(stage.job)) return null;
  let best: Victim | null = null;
  for (const lease of worker.leases) {
    if (!mayBeTaken(lease, outlook) || !couldHave(stage, lease)) continue;
    const lost = Math.max(0, lease.fraction - lease.keptFraction) * outlook.workOf(lease).ms;
    if (best === null || lost < best.lost) best = { lease, lost };
  }
  return best;
}

/** It takes no more work, and is to be free of what it has: it drains, or its hours are over. */
const isGoing = ({ draining, lent }: Worker): boolean => draining || !lent.open;

/** Whether what is left of a chunk would be done much sooner on a worker that idles, or could be there at all before its own leaves. */
function isWorthMoving(lease: Lease, worker: Worker, outlook: Outlook): boolean {
  const { stage } = lease;
  if (stage.pins !== null) return false;
  if (worker === lease.worker || !mayRun(stage, worker) || isOnTrial(stage.job, worker)) return false;
  if (!hasRoomFor(stage, worker, false, lease.ordinal)) return false;
  if (isGoing(lease.worker)) return true;
  const stays = outlook.endOf(lease);
  if (!outlook.knowsEndOf(lease) || stays < WORTH_MOVING_MS) return false;
  const rest = ((1 - lease.keptFraction) * outlook.workOf(lease).ms) / outlook.speed(worker, stage);
  return NOTICE_MS + outlook.openingMs(worker, stage) + rest < CLEARLY_SOONER * stays;
}
