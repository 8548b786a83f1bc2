import { CHUNK_STATUSES, type ChunkStatus, isSettled } from '@parallel-pilot/shared/model/chunk.ts';
import { sectionOf, sectionsOf, startOf } from '../prediction/sections.ts';

const CODE = Object.fromEntries(CHUNK_STATUSES.map((status, code) => [status, code])) as Record<
  ChunkStatus,
  number
>;
const QUEUED = CODE.queued;

/**
 * Status and attempts of a stage's chunks in two bytes each, and the queue of
 * those that wait. It is kept by sections of neighbours, so that the lowest
 * ordinal is found quickly in the whole stage as in one section.
 */
export class ChunkTable {
  readonly size: number;
  readonly #status: Uint8Array;
  readonly #attempts: Uint8Array;
  readonly #counts = new Int32Array(CHUNK_STATUSES.length);
  /** Of each section: how many wait, and an ordinal below which none does. */
  readonly #waiting: Int32Array;
  readonly #cursors: Int32Array;

  /** All chunks canceled with no attempt until `set` says otherwise, so that a missing row is never granted. */
  constructor(size: number) {
    this.size = size;
    this.#status = new Uint8Array(size).fill(CODE.canceled);
    this.#attempts = new Uint8Array(size);
    this.#counts[CODE.canceled] = size;
    this.#waiting = new Int32Array(sectionsOf(size));
    this.#cursors = new Int32Array(sectionsOf(size));
  }

  /** The same with room for more, which are canceled until `set` says otherwise. */
  grownTo(size: number): ChunkTable {
    const grown = new ChunkTable(size);
    for (let ordinal = 0; ordinal < this.size; ordinal += 1)
      grown.set(ordinal, this.status(ordinal), this.attempts(ordinal));
    return grown;
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

  get sections(): number {
    return this.#waiting.length;
  }

  waitingIn(section: number): number {
    return this.#waiting[section] ?? 0;
  }

  set(ordinal: number, status: ChunkStatus, attempts: number): void {
    if (!this.has(ordinal)) return;
    const before = this.#status[ordinal] ?? CODE.canceled;
    const after = CODE[status];
    this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    this.#counts[after] = (this.#counts[after] ?? 0) + 1;
    this.#status[ordinal] = after;
    this.#attempts[ordinal] = attempts;
    if ((after === QUEUED) === (before === QUEUED)) return;
    const section = sectionOf(ordinal, this.size);
    this.#waiting[section] = this.waitingIn(section) + (after === QUEUED ? 1 : -1);
    if (after === QUEUED) this.#cursors[section] = Math.min(this.#cursors[section] ?? 0, ordinal);
  }

  /** The lowest waiting ordinal that is not refused; the caller takes it by `set`. Undefined when none waits. */
  next(refuse: (ordinal: number) => boolean): number | undefined {
    for (let section = 0; section < this.#waiting.length; section += 1) {
      const found = this.nextIn(section, refuse);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The same of one section. */
  nextIn(section: number, refuse: (ordinal: number) => boolean): number | undefined {
    let left = this.waitingIn(section);
    if (left === 0) return undefined;
    let at = Math.max(this.#cursors[section] ?? 0, startOf(section, this.size));
    while (this.#status[at] !== QUEUED) at += 1;
    this.#cursors[section] = at;
    for (; left > 0; at += 1) {
      if (this.#status[at] !== QUEUED) continue;
      if (!refuse(at)) return at;
      left -= 1;
    }
    return undefined;
  }

  /** Ordinals in that status, in order. */
  *withStatus(...statuses: ChunkStatus[]): Generator<number> {
    const wanted = new Set(statuses.map((status) => CODE[status]));
    for (let ordinal = 0; ordinal < this.size; ordinal += 1) {
      if (wanted.has(this.#status[ordinal] ?? CODE.canceled)) yield ordinal;
    }
  }
}
