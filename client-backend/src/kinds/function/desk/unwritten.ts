import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { abandonCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import type { GroupCommit } from './group-commit.ts';

type Change = (db: Db) => Promise<void>;

/** While the database is away for long, the oldest are let go: their rows stay with this process until it ends. */
const MOST = 20_000;
/** Written by one `writeAgain`. */
const MOST_AT_ONCE = 200;

/**
 * What was to be written of calls and could not be. This process says that it is at all rows that bear its name, so one
 * whose end is not written would be taken up by nobody.
 */
export class Unwritten {
  readonly #db: Db;
  readonly #writes: GroupCommit;
  readonly #process: string;
  readonly #changes = new Map<CallId, Change>();

  constructor(db: Db, writes: GroupCommit, process: string) {
    this.#db = db;
    this.#writes = writes;
    this.#process = process;
  }

  /** Resolves once it is written; where that fails it rejects, and is tried again by `writeAgain`. */
  async write(call: CallId, change: Change): Promise<void> {
    try {
      await this.#writes.run(change);
    } catch (error) {
      this.#keep(call, change);
      throw error;
    }
  }

  /** This process is not at the call, whatever its row says. */
  abandon(call: CallId): void {
    this.#keep(call, (db) => abandonCall(db, call, this.#process));
  }

  /**
   * Each in a transaction of its own, the oldest first, as one that always fails would keep the others of its commit
   * back. Rejects with what the first that failed came to, which is the last to be tried the next time.
   */
  async writeAgain(): Promise<void> {
    for (const [call, change] of [...this.#changes].slice(0, MOST_AT_ONCE)) {
      try {
        await inTransaction(this.#db, change);
      } catch (error) {
        if (this.#changes.get(call) === change) this.#keep(call, change);
        throw error;
      }
      if (this.#changes.get(call) === change) this.#changes.delete(call);
    }
  }

  #keep(call: CallId, change: Change): void {
    this.#changes.delete(call);
    this.#changes.set(call, change);
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > MOST && oldest !== undefined) this.#changes.delete(oldest);
  }
}
