import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';

/** Changes rows, and nothing else: it may be run again. */
type Write = { change(db: Db): Promise<void>; done(): void; failed(error: unknown): void };

/** Of one transaction. */
const MOST = 200;

/** Commits what many ask for at once in one transaction: while one is under way, the next gathers. */
export class GroupCommit {
  readonly #db: Db;
  readonly #waiting: Write[] = [];
  #busy = false;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves once it is committed, with what `change` came to. */
  run<T>(change: (db: Db) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { of: T } | null = null;
      this.#waiting.push({
        change: async (db) => {
          result = { of: await change(db) };
        },
        done: () => resolve((result as { of: T } | null)?.of as T),
        failed: reject,
      });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const writes = this.#waiting.splice(0, MOST);
      try {
        await inTransaction(this.#db, async (db) => {
          for (const { change } of writes) await change(db);
        });
        for (const { done } of writes) done();
      } catch (error) {
        for (const { failed } of writes) failed(error);
      }
    }
    this.#busy = false;
  }
}
