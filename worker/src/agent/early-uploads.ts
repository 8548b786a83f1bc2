import { stat } from 'node:fs/promises';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import PQueue from 'p-queue';
import type { BlobAccess, BlobAddress } from '../assets/blob-address.ts';
import { hashOf, type Uploading, uploadFile } from '../assets/upload.ts';
import type { OutputFile } from '../kinds/kind.ts';
import type { Log } from '../log.ts';

/**
 * The farm keeps what no result names for an hour, and its sweep looks at older ones alone. What is reported later than
 * this, milliseconds, is uploaded once more, which begins that hour anew.
 */
const FRESH_MS = 30 * 60_000;
/** By all chunks of this worker: results that are waited for go beside them. */
const AT_ONCE = 2;

/** The uploads of all chunks that run. */
export const earlyQueue = (): PQueue => new PQueue({ concurrency: AT_ONCE });

type Parts = { address: BlobAddress; queue: PQueue; log: Log; now(): number };
type Sent = { receipt: string; at: number };
type Upload = { hash: BlobHash; sent: Promise<Sent | null> };

/**
 * Files of one lease's result that are brought to the farm while its chunk runs. No more than a head start: the result
 * is delivered as any, and what is here already is not sent again. What comes of no result is a blob that nobody names.
 */
export class EarlyUploads {
  readonly #parts: Parts;
  readonly #access: BlobAccess;
  readonly #stop = new AbortController();
  /** The chunk is over: an attempt that fails is not made again here. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #uploads: Promise<Upload | null>[] = [];

  constructor(parts: Parts, access: BlobAccess, signal: AbortSignal) {
    this.#parts = parts;
    this.#access = access;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  begin(file: OutputFile): void {
    // Whatever goes wrong, the delivery meets it again and says so.
    this.#uploads.push(this.#begin(file).catch(() => null));
  }

  /** The receipt of a file that was brought; waits for one that is under way. Null for one to be uploaded. */
  async receiptOf(hash: BlobHash): Promise<string | null> {
    this.#over.abort();
    const upload = (await Promise.all(this.#uploads)).find((one) => one?.hash === hash);
    const sent = await upload?.sent;
    return sent == null || this.#parts.now() - sent.at > FRESH_MS ? null : sent.receipt;
  }

  /** The farm does not have them any more, or did not take them. */
  forget(): void {
    this.#uploads = [];
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stop.abort();
  }

  async #begin({ path, bytes, mediaType }: OutputFile): Promise<Upload> {
    const size = bytes?.length ?? (await stat(path)).size;
    const of = { source: bytes ?? path, size, mediaType };
    const hash = await hashOf(of.source, size);
    return { hash, sent: this.#parts.queue.add(() => this.#send(hash, of)).catch(() => null) };
  }

  async #send(hash: BlobHash, of: Pick<Uploading, 'source' | 'size' | 'mediaType'>): Promise<Sent | null> {
    const { address, log, now } = this.#parts;
    const [signal, last] = [this.#signal, this.#over.signal];
    if (signal.aborted || last.aborted) return null;
    const url = () => address(hash, this.#access);
    const outcome = await uploadFile({ ...of, url, signal, last, log });
    return outcome.ok ? { receipt: outcome.receipt, at: now() } : null;
  }
}
