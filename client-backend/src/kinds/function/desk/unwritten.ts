import type { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { abandonCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { GroupCommit } from './group-commit.ts';

type Change = (db: Db) => Promise<void>;

/** While the database is away for long, the oldest are let go: their rows stay with this process until it ends. */
const MOST = 20_000;

/**
 * What was to be written of calls and could not be. This process says that it is at all rows that bear its name, so one
 * whose end is not written would be taken up by nobody.
 */
export class Unwritten {
  readonly #writes: GroupCommit;
  readonly #process: string;
  readonly #changes = new Map<CallId, Change>();

  constructor(writes: GroupCommit, process: string) {
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

  /** Rejects while the database is away. */
  async writeAgain(): Promise<void> {
    const changes = [...this.#changes];
    await Promise.all(
      changes.map(async ([call, change]) => {
        await this.#writes.run(change);
        if (this.#changes.get(call) === change) this.#changes.delete(call);
      }),
    );
  }

  #keep(call: CallId, change: Change): void {
    this.#changes.delete(call);
    this.#changes.set(call, change);
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > MOST && oldest !== undefined) this.#changes.delete(oldest);
  }
}
