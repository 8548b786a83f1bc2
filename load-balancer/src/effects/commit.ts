import type { ChunkId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { LeaseOutcome } from '@parallel-pilot/shared/model/lease.ts';
import { chunkSpecTexts } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { outcomesOf } from '@parallel-pilot/shared/server/db/leases.ts';
import type { Effect } from '../farm/effects.ts';
import { chunkOf } from '../farm/farm.ts';
import { performWrites } from './write-batch.ts';

/** What the database answered while the writes were committed. */
export type Committed = {
  /** Parsed; absent where there is no row, or none that is JSON. */
  specs: Map<ChunkId, unknown>;
  outcomes: Map<LeaseId, LeaseOutcome | null>;
};

/**
 * Commits all writes of a round in one transaction, and reads what its other
 * effects need. When somebody else held the database the same is tried again;
 * any other error leaves the outcome unknown and is thrown.
 */
export async function commit(db: Db, effects: readonly Effect[]): Promise<Committed> {
  const writes = effects.flatMap((effect) => (effect.type === 'write' ? [effect.write] : []));
  const chunks = effects.flatMap((effect) => (effect.type === 'assign' ? [chunkOf(effect.lease)] : []));
  const leases = effects.flatMap((effect) => (effect.type === 'reply-by-outcome' ? [effect.lease] : []));
  const read = async (on: Db): Promise<Committed> => ({
    specs: parsed(await chunkSpecTexts(on, chunks)),
    outcomes: await outcomesOf(on, leases),
  });
  if (writes.length === 0) return read(db);
  return inTransaction(db, async (transaction) => {
    await performWrites(transaction, writes);
    return read(transaction);
  });
}

function parsed(texts: Map<ChunkId, string>): Map<ChunkId, unknown> {
  const specs = new Map<ChunkId, unknown>();
  for (const [chunk, text] of texts) {
    try {
      specs.set(chunk, JSON.parse(text));
    } catch {
      // Left out: the chunk fails by itself instead of taking the round with it.
    }
  }
  return specs;
}
