import { lentOffer } from '@parallel-pilot/shared/model/lending-terms.ts';
import {
  type Asked,
  add,
  fits,
  MORE_MEMORY,
  NOTHING_USED,
  type Offer,
  subtract,
  type Used,
  usedBy,
} from '@parallel-pilot/shared/model/resources.ts';
import { mostAhead } from '@parallel-pilot/shared/protocol/look-ahead.ts';
import type { Lease, Occupancy, Stage, Worker } from './farm.ts';

/** Before a worker has said what it offers: it is given nothing. */
export const NO_OFFER: Offer = { threads: 1, memoryBytes: 0, diskBytes: 0, gpus: [], counts: {} };

/** Others of its stage may need somewhat more than the one that was seen to use most. */
const MARGIN = 1.1;
/** As long as a worker passes over a chunk that it has no room for (worker/src/agent/held.ts), milliseconds. */
const PASSED_OVER_MS = 30_000;

/** What a chunk of the stage asks of this worker: the stage's own, with more memory where that was seen to be needed. */
export function askedOf(stage: Stage, ordinal: number, worker: Worker): Asked {
  const least = leastMemory(stage, ordinal);
  if (least === 0) return stage.asked;
  const { memoryBytes } = usedAsAsked(stage.asked, stage.askedKey, worker);
  return least <= memoryBytes ? stage.asked : { ...stage.asked, memoryBytes: least };
}

function leastMemory({ memory }: Stage, ordinal: number): number {
  if (memory.seen === 0 && memory.needs.size === 0) return 0;
  const needed = memory.needs.get(ordinal) ?? 0;
  // Where nobody has as much as was seen to be needed, whoever has most may try.
  return Math.min(Math.max(memory.seen, needed), memory.mostOffered);
}

/** The same for any chunk of the stage that has no needs of its own. */
const ANY = -1;

/** Equal requests use up the same of a worker: that is worked out once for all of them. */
function usedAsAsked(asked: Asked, key: string, worker: Worker): Used {
  const known = worker.uses.get(key);
  if (known !== undefined) return known;
  const used = usedBy(asked, worker);
  worker.uses.set(key, used);
  return used;
}

/** What a chunk that asks for this uses up of the worker. */
export function usedFor(asked: Asked, stage: Stage, worker: Worker): Used {
  return asked === stage.asked ? usedAsAsked(asked, stage.askedKey, worker) : usedBy(asked, worker);
}

/** What a lease uses up of its worker. */
const usedByLease = ({ asked, stage, worker }: Lease): Used => usedFor(asked, stage, worker);

/** What its chunk would use up of another worker. */
export const usedElsewhere = ({ stage, ordinal }: Lease, worker: Worker): Used =>
  usedFor(askedOf(stage, ordinal, worker), stage, worker);

export function occupancyOf(worker: Worker): Occupancy {
  if (worker.occupancy !== null) return worker.occupancy;
  const occupancy: Occupancy = { used: NOTHING_USED, counted: 0, lasting: 0, ahead: [] };
  for (const lease of worker.leases) if (hasBegun(lease)) count(occupancy, lease);
  for (const lease of worker.leases) if (!hasBegun(lease)) countOrPutAhead(occupancy, lease);
  worker.occupancy = occupancy;
  return occupancy;
}

/** Whether the worker has to wait for room before it begins the chunk. */
export const isAhead = (lease: Lease): boolean => occupancyOf(lease.worker).ahead.includes(lease);

const hasBegun = ({ startedAt, kept }: Lease): boolean => startedAt !== null || kept;

function count(occupancy: Occupancy, lease: Lease): void {
  occupancy.used = add(occupancy.used, usedByLease(lease));
  occupancy.counted += 1;
  if (lease.stage.lasting) occupancy.lasting += 1;
}

function countOrPutAhead(occupancy: Occupancy, lease: Lease): void {
  const { worker } = lease;
  const begins = occupancy.counted < worker.slots && fits(worker.offer, occupancy.used, usedByLease(lease));
  if (begins) count(occupancy, lease);
  else occupancy.ahead.push(lease);
}

/** A lease was entered: granted just now, it is the last of its worker. */
export function occupy(lease: Lease): void {
  const { occupancy } = lease.worker;
  if (occupancy !== null && !hasBegun(lease)) countOrPutAhead(occupancy, lease);
  else lease.worker.occupancy = null;
}

/** Something of a worker's leases has changed, or of what it offers. */
export function recount(worker: Worker): void {
  worker.occupancy = null;
}

/** What the worker's chunks may use up together by now: what it says, within what people let it lend. */
export function setOffer(worker: Worker, offer: Offer): void {
  worker.offer = lentOffer(worker.lending, offer, worker.machineThreads);
  worker.uses.clear();
  recount(worker);
}

/** Whether the worker could begin another chunk, if there is one that fits. */
export function hasIdleSlot(worker: Worker, now: number): boolean {
  const { counted, ahead } = occupancyOf(worker);
  if (counted >= worker.slots) return false;
  const [first] = ahead;
  return first === undefined || now - first.grantedAt < PASSED_OVER_MS;
}

/** Whether nothing that it runs ends by itself: what it had ahead would wait for nobody knows how long. */
export const lastsInEverySlot = (worker: Worker): boolean => occupancyOf(worker).lasting >= worker.slots;

/** One ahead for each that runs, and one where none does: so many where nothing is known of how long they take. */
export function hasFewAhead(worker: Worker): boolean {
  const { counted, ahead } = occupancyOf(worker);
  return ahead.length < Math.max(1, Math.min(counted, worker.slots));
}

/** What a worker hands in while it runs the next counts as running here and not there, where more would be turned away. */
export const hasRoomAhead = (worker: Worker): boolean =>
  occupancyOf(worker).ahead.length < mostAhead(worker.slots);

/** Whether the worker has room for a chunk of the stage beside what it has; `ahead`: whether it ever has. */
export const hasRoomFor = (stage: Stage, worker: Worker, ahead: boolean, ordinal = ANY): boolean =>
  fits(
    worker.offer,
    ahead ? NOTHING_USED : occupancyOf(worker).used,
    usedFor(askedOf(stage, ordinal, worker), stage, worker),
  );

/** Whether it would have room for a chunk of the stage if that lease of its ended. */
export function hasRoomWithout(stage: Stage, lease: Lease): boolean {
  const { worker } = lease;
  const { used } = occupancyOf(worker);
  return fits(
    worker.offer,
    subtract(used, usedByLease(lease)),
    usedFor(askedOf(stage, ANY, worker), stage, worker),
  );
}

/** Whether a chunk of the stage could have the place of one that has not begun: to begin at once if that could, or ahead. */
export const couldReplace = (lease: Lease, stage: Stage): boolean =>
  isAhead(lease) ? hasRoomFor(stage, lease.worker, true) : hasRoomWithout(stage, lease);

/** Whether the worker could begin a chunk that it holds if it did nothing else. */
export const isTooLarge = (lease: Lease): boolean =>
  !fits(lease.worker.offer, NOTHING_USED, usedByLease(lease));

/** A chunk is done that was seen to use so much memory. What it was given was enough, whatever its worker says. */
export function noteMemorySeen(lease: Lease, peakBytes: number): void {
  const { memory } = lease.stage;
  const seen = Math.min(Math.ceil(peakBytes * MARGIN), usedByLease(lease).memoryBytes);
  memory.seen = Math.max(memory.seen, seen);
}

/** So many chunks of a stage are ended for want of memory before all of it asks for more. */
const ENOUGH_ENDED = 3;

/** A chunk was ended at so much memory: it is to get more. */
export function noteMemoryNeed({ memory }: Stage, ordinal: number, bytes: number): void {
  memory.needs.set(ordinal, bytes);
  if (memory.needs.size >= ENOUGH_ENDED)
    memory.seen = Math.max(memory.seen, Math.min(...memory.needs.values()));
}

/** How much memory the chunk of a lease is to get that ended for want of it. */
export const memoryAfter = (lease: Lease): number => Math.ceil(MORE_MEMORY * usedByLease(lease).memoryBytes);

/** How many chunks of the stage the worker could run at once if it did nothing else. */
export const slotsFor = (stage: Stage, worker: Worker): number =>
  slotsBeside(stage, worker, { used: NOTHING_USED, counted: 0 });

/** The same beside what it has, and beside a chunk of another stage where it is given one more. */
export function slotsLeftFor(stage: Stage, worker: Worker, more?: Stage): number {
  const { used, counted } = occupancyOf(worker);
  if (more === undefined) return slotsBeside(stage, worker, { used, counted });
  const its = usedFor(askedOf(more, ANY, worker), more, worker);
  return slotsBeside(stage, worker, { used: add(used, its), counted: counted + 1 });
}

function slotsBeside(
  stage: Stage,
  worker: Worker,
  { used: before, counted }: Pick<Occupancy, 'used' | 'counted'>,
): number {
  const each = usedFor(askedOf(stage, ANY, worker), stage, worker);
  let slots = 0;
  for (
    let used = before;
    counted + slots < worker.slots && fits(worker.offer, used, each);
    used = add(used, each)
  )
    slots += 1;
  return slots;
}
