import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Effect } from '../farm/effects.ts';
import type { ReplyTo } from '../farm/events.ts';
import { chunkOf, type Lease, type SessionId } from '../farm/farm.ts';
import type { Broadcast } from './broadcast.ts';
import type { Committed } from './commit.ts';

/** The sockets, as the effects see them. A session or a reply that is gone is passed over. */
export interface Wire {
  reply(to: ReplyTo, reply: Reply): void;
  welcome(to: ReplyTo, session: SessionId, drop: LeaseId[]): void;
  assign(session: SessionId, assign: Omit<Assign, 'signature'>): void;
  reclaim(session: SessionId, lease: LeaseId): void;
  revoke(session: SessionId, leases: LeaseId[]): void;
  close(session: SessionId, why: 'replaced' | 'silent'): void;
}

export type Outlets = { wire: Wire; broadcast: Broadcast; log: Log };

/** Performs what is left of a round's effects after its writes were committed, in order. */
export function perform(effects: readonly Effect[], committed: Committed, outlets: Outlets): void {
  for (const effect of effects) performOne(effect, committed, outlets);
}

function performOne(effect: Effect, { specs, outcomes }: Committed, { wire, broadcast, log }: Outlets): void {
  switch (effect.type) {
    case 'write':
      break;
    case 'reply':
      wire.reply(effect.to, effect.reply);
      break;
    case 'welcome':
      wire.welcome(effect.to, effect.session, effect.drop);
      break;
    case 'reply-by-outcome': {
      const taken = outcomes.get(effect.lease) === effect.outcome;
      wire.reply(effect.to, taken ? { ok: true } : refusal('stale-lease'));
      break;
    }
    case 'assign': {
      const spec = specs.get(chunkOf(effect.lease));
      const { session } = effect.lease.worker;
      if (spec === undefined || session === null) break;
      effect.lease.delivered = true;
      wire.assign(session, assignOf(effect.lease, spec, effect.hangLimitMs));
      break;
    }
    case 'reclaim':
      wire.reclaim(effect.session, effect.lease);
      break;
    case 'revoke':
      wire.revoke(effect.session, effect.leases);
      break;
    case 'close':
      wire.close(effect.session, effect.why);
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

function assignOf(lease: Lease, spec: string, hangLimitMs: number): Omit<Assign, 'signature'> {
  const { stage } = lease;
  return {
    lease: lease.id,
    chunk: chunkOf(lease),
    job: stage.job.id,
    stage: stage.id,
    kind: stage.job.kind,
    stageName: stage.name,
    stageSpec: stage.spec,
    chunkSpec: JSON.parse(spec),
    inputs: stage.inputs,
    affinity: stage.affinity,
    hangLimitMs,
  };
}
