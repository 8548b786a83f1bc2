import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import type { Inbound } from './inbound.ts';

/** Leases that were sent to workers and have not ended as far as is known. */
export type Delivered = Extract<FarmEvent, { type: 'reloaded' }>['delivered'];

/** What the failed round has ended in memory only, its worker still holds. */
export function deliveredIn(farm: Farm, effects: readonly Effect[]): Delivered {
  const delivered: Delivered = [];
  for (const lease of farm.leases.values()) {
    if (lease.delivered) delivered.push({ worker: lease.worker.id, lease: lease.id });
  }
  for (const effect of effects) {
    if (effect.type !== 'write' || effect.write.type !== 'end') continue;
    delivered.push({ worker: effect.write.worker, lease: effect.write.lease });
  }
  return delivered;
}

/** Without the leases the worker is done with once this event is refused: nobody would ever report on them again. */
export function withoutLeasesOf(dropped: readonly Inbound[], delivered: Delivered): Delivered {
  const over = new Set<LeaseId>();
  for (const event of dropped) {
    if (event.type === 'preempted') over.add(event.preempted.lease);
    if (event.type === 'failed') over.add(event.failed.lease);
    if (event.type === 'released') for (const lease of event.released.leases) over.add(lease);
    if (event.type === 'assign-refused' || event.type === 'reclaim-answered') over.add(event.lease);
  }
  return over.size === 0 ? delivered : delivered.filter(({ lease }) => !over.has(lease));
}
