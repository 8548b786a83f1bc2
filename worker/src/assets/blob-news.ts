import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { CacheChange } from './blob-cache.ts';

const TELL_AFTER_MS = 100;
const MOST_AT_ONCE = 10_000;

/** Collects what the cache gained and lost for a moment, so that a job's many files go into one message. */
export class BlobNews {
  readonly #send: (change: CacheChange) => void;
  readonly #latest = new Map<BlobHash, 'added' | 'removed'>();
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (change: CacheChange) => void) {
    this.#send = send;
  }

  note({ added, removed }: CacheChange): void {
    for (const hash of added) this.#latest.set(hash, 'added');
    for (const hash of removed) this.#latest.set(hash, 'removed');
    this.#timer ??= setTimeout(() => this.#flush(), TELL_AFTER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    const change: CacheChange = { added: [], removed: [] };
    for (const [hash, what] of this.#latest) {
      if (change[what].length < MOST_AT_ONCE) change[what].push(hash);
    }
    this.#latest.clear();
    this.#send(change);
  }
}
