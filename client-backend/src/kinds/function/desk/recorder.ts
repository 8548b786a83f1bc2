import { insertCalls, type NewCall } from '@parallel-pilot/shared/server/db/calls.ts';
import type { Parts } from '../../../parts.ts';

/** How long a call that is over waits to be written with others, milliseconds. */
const GATHER_MS = 100;
const AT_ONCE = 500;
/** While the database is away. */
const MOST_KEPT = 20_000;

/** Writes what calls came to that somebody has waited for, many at once. What is not written when the process dies is lost. */
export class Recorder {
  readonly #parts: Pick<Parts, 'db' | 'log'>;
  #rows: NewCall[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Pick<Parts, 'db' | 'log'>) {
    this.#parts = parts;
  }

  add(row: NewCall): void {
    if (this.#rows.length >= MOST_KEPT) this.#rows.shift();
    this.#rows.push(row);
    this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  /** All that was added by now. */
  async written(): Promise<void> {
    if (this.#timer !== null) this.#write();
    await this.#writing;
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { db, log } = this.#parts;
    this.#writing = this.#writing.then(async () => {
      while (this.#rows.length > 0) {
        const rows = this.#rows.splice(0, AT_ONCE);
        try {
          await insertCalls(db, rows);
        } catch (error) {
          log.warn({ event: 'calls.not-recorded', calls: rows.length, err: error });
          this.#rows = [...rows, ...this.#rows].slice(-MOST_KEPT);
          this.#timer ??= setTimeout(() => this.#write(), 20 * GATHER_MS).unref();
          return;
        }
      }
    });
  }
}
