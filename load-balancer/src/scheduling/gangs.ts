import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { endLease } from '../farm/change-chunk.ts';
import { append, type Effect } from '../farm/effects.ts';
import {
  type Farm,
  type Gang,
  isFree,
  isPresent,
  type Lease,
  type Reservation,
  type Stage,
  type Worker,
} from '../farm/farm.ts';
import { roomToHold } from '../farm/held-chunks.ts';
import { giveUpWaiting } from '../farm/move-chunks.ts';
import { hasIdleSlot, slotsFor, slotsLeftFor } from '../farm/resources.ts';
import { isOnTrial, mayRun } from './eligibility.ts';
import type { Outlook } from './outlook.ts';
import { isReserved } from './reservation.ts';

/*
 * A gang is as many chunks of a stage as are worked on together. It gets all of its places in one round or none, so
 * no gang ever holds places while it waits for others, and two of them cannot wait for each other.
 */

/** Members with the same value of this capability reach each other. */
export const REACH = 'gang';

/** Workers that come along shortly are waited for so long by a gang that could begin with fewer, milliseconds. */
const GATHER_MS = 3_000;
/** So long a gang waits for places that are idle at the same time by chance; then room is made for it. */
const PATIENCE_MS = 30_000;
/** Members that are well have so long to leave what they keep. One that waits for a lost one cannot. */
const NOTICE_MS = 3_000;
const HAND_IN_MS = 60_000;

type GangStage = Stage & { gang: Gang };
const isGang = (stage: Stage): stage is GangStage => stage.gang !== null;

/**
 * Ends what is left of gangs that are not whole any more: without a word of blame, and with what they keep. By what is
 * open and nothing else, so that it holds after a restart too.
 */
export function endBrokenGangs(farm: Farm, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const stage of farm.stages.values()) {
    if (!isGang(stage) || stage.chunks.count('done') > 0) continue;
    const leases = [...stage.held.values()].flat();
    if (leases.length > 0) {
      if (leases.every(({ gang }) => gang === leases.length)) continue;
      for (const lease of leases) append(effects, endMember(farm, lease, now));
    } else if (stage.gang.failure !== null) {
      append(effects, giveUpWaiting(stage, stage.gang.failure, now));
      stage.gang.failure = null;
    }
  }
  return effects;
}

function endMember(farm: Farm, lease: Lease, now: number): Effect[] {
  const { session } = lease.worker;
  if (lease.startedAt === null && !lease.kept) {
    const ended = endLease(farm, lease, { outcome: 'released' }, now);
    return session === null ? ended : [...ended, { type: 'revoke', session, leases: [lease.id] }];
  }
  // One that is away is told when it is back, or is lost.
  if (lease.preempting !== null || session === null) return [];
  lease.preempting = { goesTo: null, until: now + NOTICE_MS + HAND_IN_MS };
  return [{ type: 'preempt', session, lease: lease.id, noticeMs: NOTICE_MS }];
}

type Member = { stage: Stage; ordinal: number; worker: Worker; gang: number };

/**
 * Gives gangs that wait their places, and makes room for the first one that finds too few. True when it gave any.
 * Nothing is reserved for one that could not begin if all workers were idle.
 */
export function placeGangs(farm: Farm, outlook: Outlook, grant: (member: Member) => void): boolean {
  const { now } = outlook;
  farm.reservation = null;
  let placed = false;
  for (const stage of waitingGangs(farm, now)) {
    const places = choosePlaces(farm, stage, now);
    if (places !== null) {
      const ordinals = ordinalsOf(stage);
      for (const [at, worker] of places.entries())
        grant({ stage, ordinal: ordinals[at] ?? 0, worker, gang: places.length });
      stage.gang.since = null;
      placed = true;
    } else if (farm.reservation === null && now - (stage.gang.since ?? now) >= PATIENCE_MS) {
      farm.reservation = reserve(farm, stage, outlook);
    }
  }
  return placed;
}

/** Of each team its most urgent one, then its oldest; among teams, and then among the rest, by how long they wait. */
function waitingGangs(farm: Farm, now: number): GangStage[] {
  const waiting: GangStage[] = [];
  for (const stage of farm.stages.values()) {
    if (!isGang(stage)) continue;
    if (waits(stage)) {
      stage.gang.since ??= now;
      waiting.push(stage);
    } else stage.gang.since = null;
  }
  const since = ({ gang }: GangStage) => gang.since ?? now;
  waiting.sort((a, b) => since(a) - since(b) || (a.id < b.id ? -1 : 1));
  const first = new Map<unknown, GangStage>();
  for (const stage of waiting) {
    const known = first.get(stage.job.share);
    if (known === undefined || known.job.priority < stage.job.priority) first.set(stage.job.share, stage);
  }
  const heads = new Set(first.values());
  return [...waiting.filter((stage) => heads.has(stage)), ...waiting.filter((stage) => !heads.has(stage))];
}

const waits = ({ job, chunks, held, gang }: GangStage): boolean =>
  isGrantable(job.status) &&
  held.size === 0 &&
  gang.failure === null &&
  chunks.count('queued') > 0 &&
  chunks.count('done') === 0;

/** The fewest that it begins with: of chunks that were given up there are less. */
export const fewestOf = ({ gang, chunks }: Stage): number => Math.min(gang?.min ?? 1, chunks.count('queued'));

/** What has left a checkpoint goes on from it. */
function ordinalsOf({ chunks, takenBack }: Stage): number[] {
  const kept = (ordinal: number) => (takenBack.get(ordinal)?.checkpoint ? 0 : 1);
  return [...chunks.withStatus('queued')].sort((a, b) => kept(a) - kept(b) || a - b);
}

/** A worker for each member, one of them several times where it has room; null where there are too few. */
function choosePlaces(farm: Farm, stage: GangStage, now: number): Worker[] | null {
  const most = Math.min(stage.chunks.count('queued'), roomToHold(farm, stage.job));
  const fewest = fewestOf(stage);
  const gathered = now - (stage.gang.since ?? now) >= GATHER_MS;
  let best: Worker[] = [];
  for (const workers of reachableSets(farm, stage)) {
    const places = spread(
      workers.map((worker) => ({ worker, places: idlePlaces(farm, stage, worker, now) })),
      most,
    );
    if (places.length > best.length) best = places;
  }
  if (best.length < fewest) return null;
  return best.length === most || gathered ? best : null;
}

export const idlePlaces = (farm: Farm, stage: Stage, worker: Worker, now: number): number =>
  isFree(worker, now) && hasIdleSlot(worker, now) && !isReserved(farm, stage, worker, false)
    ? slotsLeftFor(stage, worker)
    : 0;

/** Present workers that may have members, in sets that reach each other; the fastest first. */
export function reachableSets(farm: Farm, stage: Stage): Worker[][] {
  const able = [...farm.workers.values()].filter(
    (worker) => isPresent(worker) && mayRun(stage, worker) && !isOnTrial(stage.job, worker),
  );
  able.sort((a, b) => b.speed - a.speed);
  return [...Map.groupBy(able, ({ capabilities }) => capabilities[REACH]).values()];
}

/** One place on each worker, then a second one: at most `most` of all. */
function spread(of: { worker: Worker; places: number }[], most: number): Worker[] {
  const chosen: Worker[] = [];
  for (let turn = 0; chosen.length < most; turn += 1) {
    const more = of.filter(({ places }) => places > turn);
    if (more.length === 0) break;
    for (const { worker } of more) if (chosen.length < most) chosen.push(worker);
  }
  return chosen;
}

/** The places that are expected to be free soonest, as many as it needs; null where there are not so many. */
function reserve(farm: Farm, stage: GangStage, outlook: Outlook): Reservation | null {
  const fewest = fewestOf(stage);
  if (roomToHold(farm, stage.job) < fewest) return null;
  let best: Reservation | null = null;
  for (const workers of reachableSets(farm, stage)) {
    const places = workers.flatMap((worker) => comingPlaces(farm, stage, worker, outlook));
    if (places.length < fewest) continue;
    const chosen = places.sort((a, b) => a.inMs - b.inMs).slice(0, fewest);
    const inMs = chosen.at(-1)?.inMs ?? 0;
    if (best !== null && best.inMs <= inMs) continue;
    const on = Map.groupBy(chosen, ({ worker }) => worker);
    best = { stage, places: new Map([...on].map(([worker, { length }]) => [worker, length])), inMs };
  }
  return best;
}

function comingPlaces(farm: Farm, stage: Stage, worker: Worker, outlook: Outlook) {
  const idle = idlePlaces(farm, stage, worker, outlook.now);
  const all = Math.max(idle, slotsFor(stage, worker));
  const later = [...worker.leases].reduce((most, lease) => Math.max(most, endIn(lease, outlook)), 0);
  return Array.from({ length: all }, (_, at) => ({ worker, inMs: at < idle ? 0 : later }));
}

/** Of what nothing is known, as long again as it has taken. */
function endIn(lease: Lease, outlook: Outlook): number {
  const { startedAt, worker } = lease;
  if (startedAt === null) return outlook.free(worker).at(-1) ?? 0;
  return outlook.knowsEndOf(lease) ? outlook.endOf(lease) : outlook.now - startedAt;
}
