import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { bytesInWords } from '@parallel-pilot/shared/model/resources.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { type Done, ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { endLease, startLease } from '../farm/change-chunk.ts';
import { append, type Effect } from '../farm/effects.ts';
import type { Ending } from '../farm/end-lease.ts';
import type { FarmEvent, ReplyTo, ResultFault } from '../farm/events.ts';
import { chunkOf, type Farm, type Lease, type SessionId, type Worker } from '../farm/farm.ts';
import { memoryAfter, recount } from '../farm/resources.ts';
import { lookForMemory } from '../scheduling/memory-offered.ts';
import { setDraining } from './on-worker.ts';

type Event<T extends FarmEvent['type']> = Extract<FarmEvent, { type: T }>;

/** How long a worker that turned work away gets none. */
const PAUSE_MS = 2_000;

export function onStarted(farm: Farm, event: Event<'started'>, now: number): Effect[] {
  const lease = heldBy(farm, event.session, event.lease);
  return lease === undefined ? [] : startLease(farm, lease, now);
}

export function onDone(farm: Farm, event: Event<'done'>, now: number): Effect[] {
  const { done, reply } = event;
  const lease = heldBy(farm, event.session, done.lease);
  if (lease === undefined) return [late(farm, event, done.lease, 'done')];
  if (event.fault !== null) return refuseResult(farm, lease, { done, reply, fault: event.fault }, now);
  const ending: Extract<Ending, { outcome: 'done' }> = {
    outcome: 'done',
    resultJson: JSON.stringify(done.result ?? null),
    files: done.files.map(({ receipt: _, ...file }) => file),
    busyMs: done.busyMs,
    openingMs: done.openingMs ?? 0,
    peakMemoryBytes: done.peakMemoryBytes ?? 0,
    log: done.log,
  };
  return [...endLease(farm, lease, ending, now), accepted(reply)];
}

/** A file can be uploaded yet; a report that is not what was asked for is a failure of its worker. */
function refuseResult(
  farm: Farm,
  lease: Lease,
  { done, reply, fault }: { done: Done; reply: ReplyTo; fault: ResultFault },
  now: number,
): Effect[] {
  const { code } = fault;
  const fields = { event: 'result.refused', chunk: chunkOf(lease), worker: lease.worker.id, code };
  const log: Effect = { type: 'log', level: 'warn', fields };
  if (code !== 'result-invalid') return [{ type: 'reply', to: reply, reply: refusal(code) }, log];
  const { busyMs, peakMemoryBytes = 0, log: lines } = done;
  const said = { busyMs, peakMemoryBytes, log: lines };
  return [
    ...endLease(farm, lease, { outcome: 'failed', code, message: fault.message, ...said }, now),
    { type: 'reply', to: reply, reply: refusal('invalid-message', fault.message) },
    log,
  ];
}

export function onFailed(farm: Farm, event: Event<'failed'>, now: number): Effect[] {
  const { failed, reply } = event;
  const lease = heldBy(farm, event.session, failed.lease);
  if (lease === undefined) return [late(farm, event, failed.lease, 'failed')];
  const { code, message, busyMs, peakMemoryBytes = 0, log } = failed;
  const { stage, ordinal, worker } = lease;
  const ending = { outcome: 'failed', code, message, busyMs, peakMemoryBytes, log } as const;
  return [
    ...endLease(farm, lease, code === 'out-of-memory' ? withMoreMemory(farm, lease, ending) : ending, now),
    accepted(reply),
    {
      type: 'log',
      level: 'warn',
      fields: { event: 'chunk.failed', chunk: `${stage.id}.${ordinal}`, worker: worker.id, code },
    },
  ];
}

export function onPreempted(farm: Farm, event: Event<'preempted'>, now: number): Effect[] {
  const { preempted, reply, fault } = event;
  const lease = heldBy(farm, event.session, preempted.lease);
  if (lease === undefined) return [late(farm, event, preempted.lease, 'preempted')];
  // The file can be uploaded yet.
  if (fault !== null) return [{ type: 'reply', to: reply, reply: refusal(fault.code) }];
  const { busyMs, peakMemoryBytes = 0, log } = preempted;
  const checkpoint = preempted.checkpoint === null ? null : ResultFile.parse(preempted.checkpoint);
  const ending = { outcome: 'preempted', checkpoint, busyMs, peakMemoryBytes, log } as const;
  return [...endLease(farm, lease, ending, now), accepted(reply)];
}

type Failed = Extract<Ending, { outcome: 'failed' }>;

/** It is tried again where it gets more; where nobody has that, it would only be ended once more. */
function withMoreMemory(farm: Farm, lease: Lease, ending: Failed): Failed {
  const { stage } = lease;
  const more = memoryAfter(lease);
  lookForMemory(farm, stage);
  if (more <= stage.memory.mostOffered) return { ...ending, moreMemoryBytes: more };
  const most = bytesInWords(stage.memory.mostOffered);
  const why = `The next try would be with ${bytesInWords(more)} of memory; the most that a worker offers which may run it is ${most}.`;
  return { ...ending, moreMemoryBytes: null, message: `${ending.message} ${why}` };
}

export function onReleased(farm: Farm, event: Event<'released'>, now: number): Effect[] {
  const worker = farm.sessions.get(event.session);
  if (worker === undefined) return [notWelcomed(event.reply)];
  const held = event.released.leases
    .map((id) => heldBy(farm, event.session, id))
    .filter((lease) => lease !== undefined);
  if (held.length > 0) worker.pausedUntil = now + PAUSE_MS;
  return [
    ...held.flatMap((lease) => endLease(farm, lease, { outcome: 'released' }, now)),
    accepted(event.reply),
  ];
}

export function onAssignRefused(farm: Farm, event: Event<'assign-refused'>, now: number): Effect[] {
  const worker = farm.sessions.get(event.session);
  if (worker === undefined) return [];
  const effects: Effect[] = [
    { type: 'log', level: 'info', fields: { event: 'assign.refused', worker: worker.id, code: event.code } },
  ];
  if (event.code === 'draining') append(effects, worker.draining ? [] : setDraining(worker, true, now));
  else worker.pausedUntil = now + PAUSE_MS;
  const lease = heldBy(farm, event.session, event.lease);
  if (lease === undefined) return effects;
  // Without an answer it may work on it after all.
  if (event.code === 'unanswered') {
    effects.push({ type: 'revoke', session: event.session, leases: [lease.id] });
  }
  return [...effects, ...endLease(farm, lease, { outcome: 'released' }, now)];
}

export function onReclaimAnswered(farm: Farm, event: Event<'reclaim-answered'>, now: number): Effect[] {
  const lease = heldBy(farm, event.session, event.lease);
  if (lease === undefined) return [];
  if (event.given) {
    if (lease.reclaimedFor) farm.claims.push(lease.reclaimedFor);
    return endLease(farm, lease, { outcome: 'released' }, now);
  }
  lease.reclaimedAt = null;
  lease.kept = true;
  recount(lease.worker);
  return [];
}

export function onUnreadable(farm: Farm, event: Event<'unreadable'>, now: number): Effect[] {
  const lease = farm.leases.get(event.lease);
  if (lease === undefined || lease.delivered) return [];
  const message = 'This part of the job cannot be read from the database of the farm.';
  const said = { busyMs: 0, peakMemoryBytes: 0, log: '' };
  return endLease(farm, lease, { outcome: 'failed', code: 'unexpected', message, ...said }, now);
}

function heldBy(farm: Farm, session: SessionId, id: LeaseId): Lease | undefined {
  const lease = farm.leases.get(id);
  return lease !== undefined && lease.worker === farm.sessions.get(session) ? lease : undefined;
}

function late(
  farm: Farm,
  { session, reply }: { session: SessionId; reply: ReplyTo },
  lease: LeaseId,
  outcome: 'done' | 'failed' | 'preempted',
): Effect {
  const worker: Worker | undefined = farm.sessions.get(session);
  if (worker === undefined) return notWelcomed(reply);
  return { type: 'reply-by-outcome', to: reply, lease, outcome };
}

const accepted = (to: ReplyTo): Effect => ({ type: 'reply', to, reply: { ok: true } });
const notWelcomed = (to: ReplyTo): Effect => ({
  type: 'reply',
  to,
  reply: refusal('not-allowed', 'Say hello first: this connection is not known as a worker.'),
});
