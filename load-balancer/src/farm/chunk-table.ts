import { CHUNK_STATUSES, type ChunkStatus, isSettled } from '@parallel-pilot/shared/model/chunk.ts';
import TinyQueue from 'tinyqueue';

const CODE = Object.fromEntries(CHUNK_STATUSES.map((status, code) => [status, code])) as Record<
  ChunkStatus,
  number
>;
const QUEUED = CODE.queued;

/**
 * Status and attempts of a stage's chunks in two bytes each, and the queue of
 * those that wait, lowest ordinal first: a cursor runs over chunks that were
 * never taken, and a heap holds the few that came back behind it.
 */
export class ChunkTable {
  readonly size: number;
  readonly #status: Uint8Array;
  readonly #attempts: Uint8Array;
  readonly #counts = new Int32Array(CHUNK_STATUSES.length);
  readonly #returned = new TinyQueue<number>();
  #cursor = 0;

  /** All chunks canceled with no attempt until `set` says otherwise, so that a missing row is never granted. */
  constructor(size: number) {
    this.size = size;
    this.#status = new Uint8Array(size).fill(CODE.canceled);
    this.#attempts = new Uint8Array(size);
    this.#counts[CODE.canceled] = size;
  }

  has(ordinal: number): boolean {
    return ordinal < this.size;
  }

  status(ordinal: number): ChunkStatus {
    return CHUNK_STATUSES[this.#status[ordinal] ?? CODE.canceled] ?? 'canceled';
  }

  attempts(ordinal: number): number {
    return this.#attempts[ordinal] ?? 0;
  }

  count(status: ChunkStatus): number {
    return this.#counts[CODE[status]] ?? 0;
  }

  get settled(): boolean {
    return !CHUNK_STATUSES.some((status) => !isSettled(status) && this.count(status) > 0);
  }

  set(ordinal: number, status: ChunkStatus, attempts: number): void {
    if (!this.has(ordinal)) return;
    const before = this.#status[ordinal] ?? CODE.canceled;
    const after = CODE[status];
    this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    this.#counts[after] = (this.#counts[after] ?? 0) + 1;
    this.#status[ordinal] = after;
    this.#attempts[ordinal] = attempts;
    if (after === QUEUED && before !== QUEUED && ordinal < this.#cursor) this.#returned.push(ordinal);
  }

  /** The lowest waiting ordinal that is not refused; the caller takes it by `set`. Undefined when none waits. */
  next(refuse: (ordinal: number) => boolean): number | undefined {
    const passed: number[] = [];
    let found = this.#lowest();
    while (found !== undefined && refuse(found)) {
      passed.push(found);
      this.#skip(found);
      found = this.#lowest();
    }
    for (const ordinal of passed) this.#returned.push(ordinal);
    return found;
  }

  /** Ordinals in that status, in order. */
  *withStatus(...statuses: ChunkStatus[]): Generator<number> {
    const wanted = new Set(statuses.map((status) => CODE[status]));
    for (let ordinal = 0; ordinal < this.size; ordinal += 1) {
      if (wanted.has(this.#status[ordinal] ?? CODE.canceled)) yield ordinal;
    }
  }

  #lowest(): number | undefined {
    // A chunk may have left the queue while it still stands in the heap.
    while (this.#returned.length > 0 && this.#status[this.#returned.peek() ?? 0] !== QUEUED)
      this.#returned.pop();
    while (this.#cursor < this.size && this.#status[this.#cursor] !== QUEUED) this.#cursor += 1;
    const fresh = this.#cursor < this.size ? this.#cursor : undefined;
    const back = this.#returned.peek();
    if (back === undefined) return fresh;
    return fresh === undefined ? back : Math.min(back, fresh);
  }

  #skip(ordinal: number): void {
    if (this.#returned.peek() === ordinal) while (this.#returned.peek() === ordinal) this.#returned.pop();
    else this.#cursor = ordinal + 1;
  }
}
