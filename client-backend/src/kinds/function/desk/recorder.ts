import { setTimeout as pause } from 'node:timers/promises';
import { insertCalls, type NewCall, storedCalls } from '@parallel-pilot/shared/server/db/calls.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import type { Parts } from '../../../parts.ts';
import type { CallQuota, Owner } from './call-quota.ts';

const AT_ONCE = 500;
/** A database that is away keeps an answer back for so long at the most, milliseconds. */
const PATIENCE_MS = 2_000;
const AGAIN_MS = 500;
const MOST_PAUSE_MS = 10;
/** While the database is away. */
const MOST_KEPT = 20_000;

type Record = { row: NewCall; owner: Owner; written(): void };

/**
 * Writes what calls came to that somebody waits for. What ends while one commit is under way is written by the next, so
 * that many calls cost one.
 */
export class Recorder {
  readonly #parts: Pick<Parts, 'db' | 'log'>;
  readonly #quota: CallQuota;
  #waiting: Record[] = [];
  #writing: Promise<void> | null = null;

  constructor(parts: Pick<Parts, 'db' | 'log'>, quota: CallQuota) {
    this.#parts = parts;
    this.#quota = quota;
  }

  /** Resolves once it is committed; where the database is away for long, before that. */
  async record(row: NewCall, owner: Owner): Promise<void> {
    if (this.#waiting.length >= MOST_KEPT) this.#forget(this.#waiting.shift());
    const committed = new Promise<void>((written) => this.#waiting.push({ row, owner, written }));
    this.#writing ??= this.#write();
    await committed;
  }

  /** All that was recorded by now; where the database is away for long, before that. */
  async written(): Promise<void> {
    await Promise.race([this.#writing, pause(PATIENCE_MS, undefined, { ref: false })]);
  }

  async #write(): Promise<void> {
    let since: number | null = null;
    while (this.#waiting.length > 0) {
      const records = this.#waiting.splice(0, AT_ONCE);
      const begun = performance.now();
      try {
        await this.#commit(records, since !== null);
        since = null;
        for (const { written } of records) written();
        // SQLite keeps this process from all else meanwhile: half of its time is for that.
        await pause(Math.min(MOST_PAUSE_MS, performance.now() - begun));
      } catch (err) {
        since ??= performance.now();
        this.#parts.log.warn({ event: 'calls.not-recorded', calls: records.length, err });
        this.#waiting = [...records, ...this.#waiting];
        // The answer is worth more than its record, which follows.
        if (performance.now() - since > PATIENCE_MS) for (const { written } of this.#waiting) written();
        await pause(AGAIN_MS, undefined, { ref: false });
      }
    }
    this.#writing = null;
  }

  /** `again`: a commit of them failed, and may have come about all the same. */
  async #commit(records: readonly Record[], again: boolean): Promise<void> {
    const { fresh, counted } = await inTransaction(this.#parts.db, async (db) => {
      const ids = records.map(({ row }) => row.id);
      const stored = again ? await storedCalls(db, ids) : new Set();
      const fresh = records.filter(({ row }) => !stored.has(row.id));
      await insertCalls(
        db,
        fresh.map(({ row }) => row),
      );
      const owners = fresh.map(({ owner }) => owner);
      return { fresh, counted: await this.#quota.count(db, owners) };
    });
    this.#quota.settle(counted);
    for (const record of records) if (!fresh.includes(record)) this.#quota.drop(record.owner);
  }

  #forget(record: Record | undefined): void {
    if (record === undefined) return;
    this.#quota.drop(record.owner);
    record.written();
  }
}
