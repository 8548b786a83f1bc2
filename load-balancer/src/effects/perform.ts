import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Effect } from '../farm/effects.ts';
import type { ReplyTo } from '../farm/events.ts';
import { chunkOf, type Lease, type SessionId } from '../farm/farm.ts';
import { membersOf } from '../farm/gang-members.ts';
import { recordGiven } from '../farm/record-given.ts';
import type { Broadcast } from './broadcast.ts';
import type { Committed } from './commit.ts';
import type { Inbound } from './inbound.ts';

/** The sockets, as the effects see them. A session or a reply that is gone is passed over. */
export interface Wire {
  reply(to: ReplyTo, reply: Reply): void;
  welcome(
    to: ReplyTo,
    welcome: Pick<Extract<Effect, { type: 'welcome' }>, 'drop' | 'credential' | 'lending'>,
  ): void;
  assign(session: SessionId, assign: Unsigned): void;
  reclaim(session: SessionId, lease: LeaseId): void;
  preempt(session: SessionId, lease: LeaseId, noticeMs: number): void;
  revoke(session: SessionId, leases: LeaseId[]): void;
  close(session: SessionId, why: 'replaced' | 'silent' | 'removed'): void;
  drain(session: SessionId): void;
  lend(session: SessionId, lending: Lending): void;
}

/** Without what is derived from the farm's key. */
export type Unsigned = Omit<Assign, 'signature' | 'gang'> & { gang?: Omit<GangPlace, 'secret'> };

export type Outlets = { wire: Wire; broadcast: Broadcast; log: Log; push(event: Inbound): void };

/** Performs what is left of a round's effects after its writes were committed, in order. */
export function perform(effects: readonly Effect[], committed: Committed, outlets: Outlets): void {
  for (const effect of effects) performOne(effect, committed, outlets);
}

function performOne(effect: Effect, { specs, outcomes }: Committed, outlets: Outlets): void {
  const { wire, broadcast, log } = outlets;
  switch (effect.type) {
    case 'write':
      break;
    case 'reply':
      wire.reply(effect.to, effect.reply);
      break;
    case 'welcome':
      wire.welcome(effect.to, effect);
      break;
    case 'reply-by-outcome': {
      const taken = outcomes.get(effect.lease) === effect.outcome;
      wire.reply(effect.to, taken ? { ok: true } : refusal('stale-lease'));
      break;
    }
    case 'assign':
      assign(effect, specs, outlets);
      break;
    case 'reclaim':
      wire.reclaim(effect.session, effect.lease);
      break;
    case 'preempt':
      wire.preempt(effect.session, effect.lease, effect.noticeMs);
      break;
    case 'revoke':
      wire.revoke(effect.session, effect.leases);
      break;
    case 'close':
      wire.close(effect.session, effect.why);
      break;
    case 'drain':
      wire.drain(effect.session);
      break;
    case 'lend':
      wire.lend(effect.session, effect.lending);
      break;
    case 'chunk-changed':
      broadcast.chunkChanged(effect);
      break;
    case 'worker-changed':
      broadcast.workerChanged(effect.worker);
      break;
    case 'log':
      log[effect.level](effect.fields);
      break;
    default:
      effect satisfies never;
  }
}

function assign(
  { lease, hangLimitMs }: Extract<Effect, { type: 'assign' }>,
  specs: Committed['specs'],
  { wire, push }: Outlets,
): void {
  const chunk = chunkOf(lease);
  const { session } = lease.worker;
  if (session === null) return;
  if (!specs.has(chunk)) {
    push({ type: 'unreadable', lease: lease.id });
    return;
  }
  lease.delivered = true;
  recordGiven(lease, specs.get(chunk));
  wire.assign(session, assignOf(lease, specs.get(chunk), hangLimitMs));
}

function assignOf(lease: Lease, spec: unknown, hangLimitMs: number): Unsigned {
  const { stage, checkpoint } = lease;
  return {
    lease: lease.id,
    chunk: chunkOf(lease),
    job: stage.job.id,
    stage: stage.id,
    kind: stage.job.kind,
    stageName: stage.name,
    stageSpec: stage.spec,
    chunkSpec: spec,
    inputs: stage.inputs,
    affinity: stage.affinity,
    cacheScope: stage.job.share.cacheScope,
    hangLimitMs,
    asked: lease.asked,
    ...(lease.gang === null ? {} : { gang: membersOf(lease) }),
    ...(checkpoint === null ? {} : { checkpoint: { hash: checkpoint.hash, size: checkpoint.size } }),
  };
}
