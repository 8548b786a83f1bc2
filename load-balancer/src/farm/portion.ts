import type { Used } from '@parallel-pilot/shared/model/resources.ts';
import { type Amounts, type Farm, isPresent, type Lease, type Portion } from './farm.ts';

export const createPortion = (usedSlotMs: number): Portion => ({
  held: 0,
  holds: { all: new Map(), begun: new Map() },
  dominant: { all: 0, begun: 0 },
  had: new Map(),
  usedSlotMs,
});

/** Enters a lease with its job and its team, or takes it out. */
export function countPortions(farm: Farm, lease: Lease, sign: 1 | -1): void {
  const { job } = lease.stage;
  for (const portion of [job, job.share]) portion.held += sign;
  countIn(farm, lease, 'all', sign);
  if (lease.countsAsBegun) countIn(farm, lease, 'begun', sign);
}

/** To be said when the lease has begun, or can. */
export function countAsBegun(farm: Farm, lease: Lease): void {
  if (lease.countsAsBegun) return;
  lease.countsAsBegun = true;
  countIn(farm, lease, 'begun', 1);
}

function countIn({ offered }: Farm, { stage: { job }, uses }: Lease, which: Which, sign: 1 | -1): void {
  for (const portion of [job, job.share]) {
    const holds = portion.holds[which];
    forEachOf(uses, (resource, amount) => raise(holds, resource, sign * amount));
    // Thirds of threads do not add up to nothing.
    if (holds.get(SLOTS) === 0) holds.clear();
    portion.dominant[which] = dominantOf(holds, offered);
  }
}
type Which = keyof Portion['dominant'];

/** Counts the time that a lease had what it used up. */
export function charge({ offered }: Farm, { stage: { job }, uses }: Lease, ms: number): void {
  for (const portion of [job, job.share]) {
    const before = greatest(portion.had);
    forEachOf(uses, (resource, amount) =>
      raise(portion.had, resource, ms * inSlots(resource, amount, offered)),
    );
    portion.usedSlotMs += greatest(portion.had) - before;
  }
}

/** Adds up what present workers offer; where that has changed, parts of it are others too. */
export function countOffered(farm: Farm): void {
  const offered: Amounts = new Map();
  for (const worker of farm.workers.values()) {
    if (!isPresent(worker)) continue;
    forEachOf(worker.offer, (resource, amount) =>
      raise(offered, resource, resource === SLOTS ? worker.slots : amount),
    );
  }
  if (isEqual(offered, farm.offered)) return;
  farm.offered = offered;
  for (const portion of [...farm.shares.values(), ...farm.jobs.values()])
    for (const which of ['all', 'begun'] as const)
      portion.dominant[which] = dominantOf(portion.holds[which], offered);
}

const SLOTS = 'slots';

/** A lease uses up a slot whatever else it does. */
function forEachOf(
  { threads, memoryBytes, diskBytes, gpus, counts }: Countable,
  count: (resource: string, amount: number) => void,
): void {
  count(SLOTS, 1);
  count('threads', threads);
  count('memory', memoryBytes);
  if (diskBytes > 0) count('disk', diskBytes);
  if (gpus.length > 0) count('gpus', gpus.length);
  for (const name in counts) count(`count ${name}`, counts[name] ?? 0);
}
type Countable = Pick<Used, 'threads' | 'memoryBytes' | 'diskBytes' | 'counts'> & {
  gpus: readonly unknown[];
};

function raise(amounts: Amounts, resource: string, by: number): void {
  amounts.set(resource, (amounts.get(resource) ?? 0) + by);
}

function dominantOf(holds: Amounts, offered: Amounts): number {
  let most = 0;
  for (const [resource, amount] of holds) most = Math.max(most, inSlots(resource, amount, offered));
  return most;
}

/** So many slots are the same part of the farm's. What nobody offers by now is no part of anything. */
function inSlots(resource: string, amount: number, offered: Amounts): number {
  if (resource === SLOTS) return amount;
  const all = offered.get(resource) ?? 0;
  return all > 0 ? (amount / all) * (offered.get(SLOTS) ?? 0) : 0;
}

function greatest(amounts: Amounts): number {
  let most = 0;
  for (const amount of amounts.values()) most = Math.max(most, amount);
  return most;
}

function isEqual(a: Amounts, b: Amounts): boolean {
  if (a.size !== b.size) return false;
  for (const [resource, amount] of a) if (b.get(resource) !== amount) return false;
  return true;
}
