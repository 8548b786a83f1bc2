import { type CallId, newId } from '@parallel-pilot/shared/model/ids.ts';
import { keepEvent } from '@parallel-pilot/shared/server/db/call-files.ts';
import { insertKeyedCall, type NewCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Parts } from '../../../parts.ts';
import type { CallQuota, Owner } from './call-quota.ts';
import { type Kept, keptCall } from './call-rows.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Invocation } from './invocation.ts';
import type { Unwritten } from './unwritten.ts';

type With = {
  quota: CallQuota;
  writes: GroupCommit;
  unwritten: Pick<Unwritten, 'abandon'>;
  process: string;
  claimMs: number;
};

/** Writes the rows of calls that are kept before they are begun, counted for whose function it is. */
export class StoredCalls {
  readonly #parts: Pick<Parts, 'clock' | 'random'>;
  readonly #with: With;

  /** `claimMs`: for so long a row is this process's without a sign of life. */
  constructor(parts: Pick<Parts, 'clock' | 'random'>, more: With) {
    this.#parts = parts;
    this.#with = more;
  }

  rowOf(invocation: Invocation, as: Pick<Kept, 'how' | 'state' | 'key'>): NewCall & { id: CallId } {
    const { clock, random } = this.#parts;
    const { process, claimMs } = this.#with;
    const now = clock();
    const by = { process, now, until: now + claimMs };
    return keptCall(invocation, { ...as, ...by, fresh: newId('cal', random) });
  }

  /** False where there is one of that key; that one was counted when it came. */
  async insert(row: NewCall, owner: Owner): Promise<boolean> {
    const { quota, writes, unwritten } = this.#with;
    try {
      const counted = await writes.run(async (db) =>
        (await store(db, row)) ? quota.count(db, [owner]) : null,
      );
      if (counted === null) quota.drop(owner);
      else quota.settle(counted);
      return counted !== null;
    } catch (error) {
      quota.drop(owner);
      // It may have been stored all the same.
      unwritten.abandon(row.id);
      throw error;
    }
  }
}

/** False likewise. */
async function store(db: Db, row: NewCall): Promise<boolean> {
  const stored = await insertKeyedCall(db, row);
  if (stored && row.event_hash !== null) await keepEvent(db, row.id);
  return stored;
}
