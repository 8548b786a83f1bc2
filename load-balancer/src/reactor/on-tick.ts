import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { LEASE_MS } from '@parallel-pilot/shared/protocol/version.ts';
import type { WorkerLoadSample } from '@parallel-pilot/shared/server/db/worker-history.ts';
import { endLease } from '../farm/change-chunk.ts';
import { countCapacity } from '../farm/count-capacity.ts';
import { append, type Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import { endStuck } from '../scheduling/excluded-workers.ts';
import { foreseeEnds } from '../scheduling/job-ends.ts';
import { lookForMemoryOfAll } from '../scheduling/memory-offered.ts';
import { openWork } from '../scheduling/open-work.ts';
import { lose } from './on-worker.ts';

/** Ticks come twice a second. */
const SLEPT_MS = 2_000;
const NOTE_SEEN_MS = 15_000;
const FORGET_EVERY_MS = 60_000;
const NOTE_LOADS_MS = 5 * 60_000;
const RECLAIM_PATIENCE_MS = 5_000;
/** A grant reaches its worker within the round it was made in. */
const UNTOLD_MS = 10_000;

export function onTick(farm: Farm, now: number): Effect[] {
  const gap = now - farm.tickedAt;
  farm.tickedAt = now;
  // This process, its database or the whole machine stood still: what workers said meanwhile is still unread.
  if (gap > SLEPT_MS) for (const worker of farm.workers.values()) worker.lostAt += gap;
  lookForMemoryOfAll(farm);
  foreseeEnds(farm, now);
  const lost = [...farm.workers.values()].filter((worker) => worker.lostAt < now);
  for (const lease of farm.leases.values()) {
    if (lease.reclaimedAt !== null && lease.reclaimedAt + RECLAIM_PATIENCE_MS < now) lease.reclaimedAt = null;
  }
  return [
    ...lost.flatMap((worker) => lose(farm, worker, now)),
    ...releaseUntold(farm, now),
    ...endUnanswered(farm, now),
    ...endStuck(farm, now),
    ...noteSeen(farm, now),
    ...noteLoads(farm, now),
    ...noteLoad(farm, now),
    ...forgetIdle(farm, now),
  ];
}

/** What a connected worker holds in the database alone, it will never report on: it was not told, or has given it up. */
function releaseUntold(farm: Farm, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const lease of [...farm.leases.values()]) {
    const { session } = lease.worker;
    if (lease.delivered || session === null || now - lease.grantedAt < UNTOLD_MS) continue;
    append(effects, endLease(farm, lease, { outcome: 'released' }, now));
    effects.push({ type: 'revoke', session, leases: [lease.id] });
  }
  return effects;
}

/** What a worker was told to end, and has not ended in time: it is told to stop, and what it had done is lost. */
function endUnanswered(farm: Farm, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const lease of [...farm.leases.values()]) {
    const { session } = lease.worker;
    if (lease.preempting === null || lease.preempting.until >= now) continue;
    append(effects, endLease(farm, lease, NOTHING_LEFT, now));
    if (session !== null) effects.push({ type: 'revoke', session, leases: [lease.id] });
  }
  return effects;
}

const NOTHING_LEFT = {
  outcome: 'preempted',
  checkpoint: null,
  busyMs: 0,
  peakMemoryBytes: 0,
  log: '',
} as const;

function noteSeen(farm: Farm, now: number): Effect[] {
  if (now - farm.seenNotedAt < NOTE_SEEN_MS) return [];
  farm.seenNotedAt = now;
  const workers: WorkerId[] = [];
  for (const worker of farm.workers.values()) if (worker.session !== null) workers.push(worker.id);
  return workers.length === 0 ? [] : [{ type: 'write', write: { type: 'workers-seen', workers, at: now } }];
}

function noteLoads(farm: Farm, now: number): Effect[] {
  if (now - farm.loadsNotedAt < NOTE_LOADS_MS) return [];
  farm.loadsNotedAt = now;
  const samples: WorkerLoadSample[] = [];
  for (const { id, session, load, leases } of farm.workers.values()) {
    if (session === null || load === null) continue;
    let busy = 0;
    for (const { startedAt } of leases) if (startedAt !== null) busy += 1;
    const { cpu, memoryUsedBytes, load: average } = load;
    samples.push({
      worker_id: id,
      at: now,
      cpu,
      memory_used_bytes: memoryUsedBytes,
      load_average: average,
      busy,
    });
  }
  return [{ type: 'write', write: { type: 'worker-loads', samples, at: now } }];
}

/** Every quarter of a minute, and a quarter hour as it came to be. */
function noteLoad(farm: Farm, now: number): Effect[] {
  const counted = countCapacity(farm, now);
  if (counted.length === 0) return [];
  const open = openWork(farm, now);
  const waiting = Math.round(open.values().reduce((sum, ms) => sum + ms, 0));
  const samples = counted.map((sample) => ({ ...sample, waiting_ms: waiting }));
  return [{ type: 'write', write: { type: 'load', samples, open, forget: samples.length > 1, at: now } }];
}

function forgetIdle(farm: Farm, now: number): Effect[] {
  if (now - farm.idleForgottenAt < FORGET_EVERY_MS) return [];
  farm.idleForgottenAt = now;
  return [{ type: 'write', write: { type: 'forget-idle', at: now } }];
}

/** The database was read again while workers stayed connected: leases that were never sent to them are queued again. */
export function onReloaded(
  farm: Farm,
  { delivered }: Extract<FarmEvent, { type: 'reloaded' }>,
  now: number,
): Effect[] {
  const effects: Effect[] = [];
  for (const { worker: id, lease: leaseId } of delivered) {
    const lease = farm.leases.get(leaseId);
    if (lease?.worker.id === id) lease.delivered = true;
    const session = farm.workers.get(id)?.session ?? null;
    if (lease === undefined && session !== null) effects.push({ type: 'revoke', session, leases: [leaseId] });
  }
  for (const worker of farm.workers.values()) {
    if (worker.session === null) continue;
    worker.lostAt = now + LEASE_MS;
    for (const lease of [...worker.leases]) {
      if (!lease.delivered) append(effects, endLease(farm, lease, { outcome: 'released' }, now));
    }
  }
  return effects;
}
