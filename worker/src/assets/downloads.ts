import { join } from 'node:path';
import { FAILURES, type FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import PQueue from 'p-queue';
import { backoffMs, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import type { BlobCache, CachedBlob } from './blob-cache.ts';
import { PartialFile } from './download.ts';

/** One chunk's right to a blob: its address as often as it is asked for, until the signal aborts. */
export type Ticket = { url: () => URL; signal: AbortSignal };
/** `out-of-reach`: the farm's files could not be had for long, which says nothing of the chunk. */
export type FetchTrouble = { ok: false; code: FailureCode | 'out-of-reach'; message: string };
export type Fetched = { ok: true } | FetchTrouble;

type Waiter = { ticket: Ticket; resolve: (outcome: Fetched) => void };
type Shared = { waiters: Set<Waiter>; stop: AbortController };

const AT_ONCE = 4;
/** Without a single new byte for so long, the farm's files count as out of this worker's reach. */
const GIVE_UP_MS = 10 * 60_000;

/** Brings blobs into the cache; however many chunks want one, it is fetched once. */
export class Downloads {
  readonly #running = new Map<BlobHash, Shared>();
  readonly #queue = new PQueue({ concurrency: AT_ONCE });
  readonly #cache: BlobCache;
  readonly #log: Log;
  readonly #giveUpMs: number;

  constructor(cache: BlobCache, log: Log, giveUpMs = GIVE_UP_MS) {
    this.#cache = cache;
    this.#giveUpMs = giveUpMs;
    this.#log = log;
  }

  /** Resolves as `canceled` at once when the ticket's signal aborts; the others that wait still get the file. */
  fetch(blob: CachedBlob, ticket: Ticket): Promise<Fetched> {
    return new Promise((resolve) => {
      const known = this.#running.get(blob.key);
      const shared = known ?? { waiters: new Set<Waiter>(), stop: new AbortController() };
      const waiter: Waiter = { ticket, resolve };
      shared.waiters.add(waiter);
      const leave = () => {
        shared.waiters.delete(waiter);
        resolve({ ok: false, code: 'canceled', message: FAILURES.canceled.sentence });
        if (shared.waiters.size > 0) return;
        shared.stop.abort();
        if (this.#running.get(blob.key) === shared) this.#running.delete(blob.key);
      };
      if (ticket.signal.aborted) return leave();
      ticket.signal.addEventListener('abort', leave, { once: true });
      if (known !== undefined) return;
      this.#running.set(blob.key, shared);
      void this.#queue.add(() => this.#run(blob, shared));
    });
  }

  async #run(blob: CachedBlob, shared: Shared): Promise<void> {
    const outcome = await this.#download(blob, shared).catch(
      (error: Error): Fetched => ({ ok: false, code: 'unexpected', message: error.message }),
    );
    if (this.#running.get(blob.key) === shared) this.#running.delete(blob.key);
    for (const waiter of shared.waiters) waiter.resolve(outcome);
    shared.waiters.clear();
  }

  async #download(blob: CachedBlob, { waiters, stop }: Shared): Promise<Fetched> {
    if (await this.#cache.isIntact(blob)) return { ok: true };
    this.#cache.makeRoom(blob.size);
    const path = join(this.#cache.partialFolder, blob.key);
    const partial = new PartialFile(path, blob);
    const startedAt = performance.now();
    let failures = 0;
    let damaged = 0;
    let freed = false;
    let movedAt = performance.now();
    for (;;) {
      const [waiter] = waiters;
      if (waiter === undefined) return { ok: false, code: 'canceled', message: FAILURES.canceled.sentence };
      const before = partial.have;
      const attempt = await partial.attempt(waiter.ticket.url(), stop.signal);
      if (partial.have > before) {
        failures = 0;
        movedAt = performance.now();
      }
      switch (attempt.kind) {
        case 'complete':
          await this.#cache.adopt(blob.key, blob.size, path);
          this.#log.info(
            {
              event: 'blob.fetched',
              hash: blob.hash,
              size: blob.size,
              ms: Math.round(performance.now() - startedAt),
            },
            `Fetched a file of ${(blob.size / 1e6).toFixed(1)} MB.`,
          );
          return { ok: true };
        case 'refused':
          waiters.delete(waiter);
          waiter.resolve(missing(refusedSentence(attempt.status)));
          continue;
        case 'damaged':
          await partial.discard();
          damaged += 1;
          if (damaged === 2) return missing('What the farm sent is not the file that was named.');
          continue;
        case 'disk-full':
          // What other jobs left behind goes first; if that is not enough, there is no room here.
          if (freed) {
            // What has come of it must not itself keep the disk full.
            await partial.discard();
            return { ok: false, code: 'disk-full', message: FAILURES['disk-full'].sentence };
          }
          this.#cache.makeRoom(Number.POSITIVE_INFINITY);
          freed = true;
          continue;
        case 'disk-error':
          return {
            ok: false,
            code: 'unexpected',
            message: `The worker could not store a file: ${attempt.message}`,
          };
        case 'again':
          break;
        default:
          return attempt satisfies never;
      }
      if (stop.signal.aborted) continue;
      if (performance.now() - movedAt > this.#giveUpMs) {
        const message = `The farm's files could not be reached: ${attempt.message}.`;
        return { ok: false, code: 'out-of-reach', message };
      }
      failures += 1;
      this.#log.warn(
        { event: 'download.retry', hash: blob.hash, failures, have: partial.have, reason: attempt.message },
        `A file of a job could not be fetched yet: ${attempt.message}`,
      );
      await pause(backoffMs(failures, Math.random), stop.signal);
    }
  }
}

const missing = (why: string): Fetched => ({
  ok: false,
  code: 'input-missing',
  message: `${FAILURES['input-missing'].sentence} ${why}`,
});

const refusedSentence = (status: number): string =>
  status === 404 ? 'The farm does not have it.' : `The farm did not give it to this worker (HTTP ${status}).`;
