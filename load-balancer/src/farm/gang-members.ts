import type { GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import type { Lease } from './farm.ts';

/** The place of a lease in its gang, as of the round that granted it. Ranks go by the ordinals of the chunks. */
export function membersOf(lease: Lease): Omit<GangPlace, 'secret'> {
  const held = [...lease.stage.held].sort(([a], [b]) => a - b).flatMap(([, leases]) => leases);
  return {
    rank: held.indexOf(lease),
    members: held.map(({ id, worker }) => ({ lease: id, address: worker.gangAddress })),
  };
}
