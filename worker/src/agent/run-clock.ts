/** What a chunk took; `peakMemoryBytes` is 0 where it was not looked at. */
export type Spent = { busyMs: number; openingMs: number; peakMemoryBytes: number };
export const NOTHING_SPENT: Spent = { busyMs: 0, openingMs: 0, peakMemoryBytes: 0 };

/** Measures what the run of a chunk takes, from now on. */
export class RunClock {
  readonly #startedAt = performance.now();
  #busyMs: number | null = null;
  #openingMs = 0;
  #peakMemoryBytes = 0;

  /** What the chunk works on is open. */
  opened(): void {
    this.#openingMs = this.#elapsed();
  }

  /** Its slot is free; only the first time counts. */
  freed(): void {
    this.#busyMs ??= this.#elapsed();
  }

  noteMemory(bytes: number): void {
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, bytes);
  }

  spent(): Spent {
    const [openingMs, peakMemoryBytes] = [this.#openingMs, this.#peakMemoryBytes];
    return { busyMs: this.#busyMs ?? this.#elapsed(), openingMs, peakMemoryBytes };
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}
