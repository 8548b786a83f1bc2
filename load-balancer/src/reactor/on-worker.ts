import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { lentAt } from '@parallel-pilot/shared/model/lending-terms.ts';
import { ALWAYS_LENT } from '@parallel-pilot/shared/model/lent.ts';
import { type Place, withPlace } from '@parallel-pilot/shared/model/placement.ts';
import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import { type RefusalCode, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { LEASE_MS } from '@parallel-pilot/shared/protocol/version.ts';
import { labelsOf, lendingOf } from '@parallel-pilot/shared/server/db/workers.ts';
import { endLease, startLease } from '../farm/change-chunk.ts';
import type { Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm, Worker } from '../farm/farm.ts';
import { recordBlobs } from '../farm/record-heartbeat.ts';
import { NO_OFFER, setOffer } from '../farm/resources.ts';
import { isCapable, isTrusted } from '../scheduling/eligibility.ts';
import { admit } from './admission.ts';

type Event<T extends FarmEvent['type']> = Extract<FarmEvent, { type: T }>;

export function onHello(farm: Farm, event: Event<'hello'>, now: number): Effect[] {
  const { hello, session } = event;
  const speaker = farm.sessions.get(session);
  if (speaker !== undefined && speaker.id !== hello.worker) {
    const reply = refusal('not-allowed', 'This connection is that of another worker already.');
    return [{ type: 'reply', to: event.reply, reply }];
  }
  const admission = admit(farm, event, now);
  if (!admission.ok) return refuse(speaker, event, admission.code);
  const before = farm.workers.get(hello.worker);
  const replaced = before?.session ?? null;
  const { lender, joined, credential } = admission;
  const { identityHash, known } = event;
  const revives = known?.standing === 'removed';
  const worker = enter(farm, event, lender, now);
  const { leases: _leases, blobs: _blobs, instance: _instance, lent: _lent, gang: _gang, ...stored } = hello;
  return [
    ...(replaced === null || replaced === session
      ? []
      : ([{ type: 'close', session: replaced, why: 'replaced' }] as const)),
    {
      type: 'write',
      write: { type: 'worker', hello: stored, identityHash, lender, joined, revives, at: now },
    },
    ...settleDifferences(farm, worker, event, now),
    ...endUnfit(farm, worker, now),
    {
      type: 'welcome',
      to: event.reply,
      session,
      drop: toDrop(farm, worker, hello.leases),
      credential,
      lending: worker.lending,
    },
    { type: 'worker-changed', worker: worker.id },
    { type: 'log', level: 'info', fields: { event: 'worker.joined', worker: worker.id, name: worker.name } },
  ];
}

function refuse(speaker: Worker | undefined, event: Event<'hello'>, code: RefusalCode): Effect[] {
  // It was let in by a round that could not be stored.
  if (speaker !== undefined) speaker.lender = null;
  const { address, hello } = event;
  return [
    { type: 'reply', to: event.reply, reply: refusal(code) },
    { type: 'log', level: 'warn', fields: { event: 'worker.not-admitted', code, address, name: hello.name } },
  ];
}

function enter(farm: Farm, event: Event<'hello'>, lender: Lender, now: number): Worker {
  const { hello, session, identityHash, known } = event;
  const before = farm.workers.get(hello.worker);
  if (before !== undefined && before.session !== null) farm.sessions.delete(before.session);
  const worker: Worker = before ?? createWorker(hello.worker);
  const place = placeOf(event);
  Object.assign(worker, {
    name: hello.name,
    identityHash,
    instance: hello.instance,
    lender,
    disabled: known !== null && known.disabled_at !== null,
    session,
    lastHeartbeat: now,
    lostAt: now + LEASE_MS,
    slots: hello.slots,
    capabilities: withPlace(hello.capabilities, place),
    place,
    gangAddress: hello.gang ?? null,
    machineThreads: hello.machine.cpus,
    lending: known === null ? {} : lendingOf(known),
    lent: hello.lent,
    draining: false,
    pausedUntil: 0,
  } satisfies Partial<Worker>);
  setOffer(worker, hello.offer);
  // A worker that has just been started does not know yet what was set on the farm.
  if (worker.lent.open) worker.lent = lentAt(worker.lending, now, false);
  worker.matches.clear();
  worker.blobs.clear();
  recordBlobs(worker, { added: hello.blobs, removed: [] });
  farm.workers.set(worker.id, worker);
  farm.sessions.set(session, worker);
  return worker;
}

/** What people have set goes before what it says. */
function placeOf({ hello, known }: Event<'hello'>): Place {
  const { worker: id, machine, tags = [], pools = [] } = hello;
  const { tags_json = null, pools_json = null } = known ?? {};
  const said = { said_tags_json: JSON.stringify(tags), said_pools_json: JSON.stringify(pools) };
  return { id, ...labelsOf({ tags_json, pools_json, ...said }), memoryBytes: machine.memoryBytes };
}

export const createWorker = (id: Worker['id']): Worker => ({
  id,
  name: '',
  identityHash: '',
  instance: '',
  lender: null,
  session: null,
  lostAt: 0,
  lastHeartbeat: 0,
  slots: 1,
  capabilities: {},
  place: { id, tags: [], pools: [], memoryBytes: 0 },
  gangAddress: null,
  offer: NO_OFFER,
  machineThreads: 1,
  lending: {},
  lent: ALWAYS_LENT,
  uses: new Map(),
  occupancy: null,
  matches: new Map(),
  blobs: new Set(),
  given: new Map(),
  draining: false,
  disabled: false,
  load: null,
  leases: new Set(),
  pausedUntil: 0,
  open: [],
  speed: 1,
  paces: new Map(),
});

// What it had begun and no longer knows, it has lost; what it never began, it has never got.
function settleDifferences(farm: Farm, worker: Worker, { hello }: Event<'hello'>, now: number): Effect[] {
  const named = new Map(hello.leases.map(({ lease, started }) => [lease, started]));
  return [...worker.leases].flatMap((lease) => {
    const started = named.get(lease.id);
    if (started === undefined) {
      return endLease(farm, lease, { outcome: lease.startedAt === null ? 'released' : 'expired' }, now);
    }
    lease.delivered = true;
    lease.reclaimedAt = null;
    lease.preempting = null;
    return started ? startLease(farm, lease, now) : [];
  });
}

/**
 * What it may not have any more, as its lender or its sandbox has changed: at once, and not as an attempt. So goes what
 * it has not begun of jobs that it is no longer asked for by; what it has begun it finishes.
 */
export function endUnfit(farm: Farm, worker: Worker, now: number): Effect[] {
  const leases = [...worker.leases].filter(({ stage, startedAt }) =>
    startedAt === null ? !isCapable(stage, worker) : !isTrusted(stage.job, worker),
  );
  if (leases.length === 0) return [];
  const effects = leases.flatMap((lease) => endLease(farm, lease, { outcome: 'released' }, now));
  if (worker.session !== null)
    effects.push({ type: 'revoke', session: worker.session, leases: leases.map((lease) => lease.id) });
  return effects;
}

const toDrop = (farm: Farm, worker: Worker, named: { lease: LeaseId }[]): LeaseId[] =>
  named.map((it) => it.lease).filter((id) => farm.leases.get(id)?.worker !== worker);

export function onDraining(farm: Farm, event: Event<'draining'>, now: number): Effect[] {
  const worker = farm.sessions.get(event.session);
  if (worker === undefined || worker.draining === event.draining) return [];
  return setDraining(worker, event.draining, now);
}

/** Its hours begin or end, or somebody else uses its machine: it is given nothing then, and what it has begun it finishes. */
export function onLent(farm: Farm, { session, lent }: Event<'lent'>): Effect[] {
  const worker = farm.sessions.get(session);
  if (worker === undefined) return [];
  worker.lent = lent;
  return [{ type: 'worker-changed', worker: worker.id }];
}

export function setDraining(worker: Worker, draining: boolean, now: number): Effect[] {
  worker.draining = draining;
  const status = draining ? 'draining' : 'online';
  return [
    { type: 'write', write: { type: 'worker-status', worker: worker.id, status, at: now } },
    { type: 'worker-changed', worker: worker.id },
  ];
}

export function onLeaving(farm: Farm, event: Event<'leaving'>, now: number): Effect[] {
  const worker = farm.sessions.get(event.session);
  if (worker === undefined) return [{ type: 'reply', to: event.reply, reply: { ok: true } }];
  return [...remove(farm, worker, 'released', now), { type: 'reply', to: event.reply, reply: { ok: true } }];
}

export function onDisconnected(farm: Farm, event: Event<'disconnected'>, now: number): Effect[] {
  const worker = farm.sessions.get(event.session);
  farm.sessions.delete(event.session);
  if (worker === undefined || worker.session !== event.session) return [];
  worker.session = null;
  // An unclean end may be the network's: it keeps working, and is expected back while its leases stand.
  return event.clean ? lose(farm, worker, now) : [];
}

/** The worker is gone: what it had begun counts as an attempt, and everything it held waits again. */
export const lose = (farm: Farm, worker: Worker, now: number): Effect[] => [
  {
    type: 'log',
    level: 'warn',
    fields: { event: 'worker.lost', worker: worker.id, leases: worker.leases.size },
  },
  ...remove(farm, worker, 'expired', now),
];

export function remove(farm: Farm, worker: Worker, how: 'released' | 'expired', now: number): Effect[] {
  const effects = [...worker.leases].flatMap((lease) =>
    endLease(farm, lease, { outcome: lease.startedAt === null ? 'released' : how }, now),
  );
  if (worker.session !== null) {
    farm.sessions.delete(worker.session);
    if (how === 'expired') effects.push({ type: 'close', session: worker.session, why: 'silent' });
  }
  worker.session = null;
  farm.workers.delete(worker.id);
  const at = worker.lastHeartbeat === 0 ? now : worker.lastHeartbeat;
  return [
    ...effects,
    { type: 'write', write: { type: 'worker-status', worker: worker.id, status: 'offline', at } },
    { type: 'worker-changed', worker: worker.id },
  ];
}
