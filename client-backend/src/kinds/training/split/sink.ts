import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { BlobStore, StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { ZipArchive } from 'archiver';
import { storeBlob } from '../store-blob.ts';

const HELD_BYTES = 64 * 1024;

/** Takes rows of a few bytes each and passes them on in larger pieces. */
export class Sink {
  readonly #stream: PassThrough;
  readonly #stored: Promise<unknown>;
  #held = Buffer.allocUnsafe(HELD_BYTES);
  #used = 0;

  /** `stored` rejects when nobody takes what is written any more. */
  constructor(stream: PassThrough, stored: Promise<unknown>) {
    this.#stream = stream;
    this.#stored = stored;
  }

  /** A promise where the other side has to catch up first. The bytes may be used again at once. */
  put(bytes: Buffer): Promise<void> | undefined {
    let wait: Promise<void> | undefined;
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.copy(this.#held, this.#used, at);
      this.#used += taken;
      at += taken;
      if (this.#used === HELD_BYTES) wait = this.#flush() ?? wait;
    }
    return wait;
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#stream.end();
  }

  #flush(): Promise<void> | undefined {
    const piece = this.#held.subarray(0, this.#used);
    this.#held = Buffer.allocUnsafe(HELD_BYTES);
    this.#used = 0;
    if (this.#stream.destroyed) return this.#closed();
    return piece.length === 0 || this.#stream.write(piece) ? undefined : this.#drained();
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const over = () => {
        this.#stream.off('drain', over);
        this.#stream.off('close', over);
        resolve();
      };
      this.#stream.on('drain', over);
      this.#stream.on('close', over);
    });
    if (this.#stream.destroyed) await this.#closed();
  }

  async #closed(): Promise<never> {
    await this.#stored;
    throw new Error('a part of the data was closed before its end');
  }
}

/** A blob that is being written from rows of text. */
export class TextWriter {
  readonly sink: Sink;
  readonly #stream = new PassThrough();
  readonly #stored: Promise<StoredBlob>;

  constructor(blobs: BlobStore) {
    this.#stored = store(blobs, this.#stream);
    this.sink = new Sink(this.#stream, this.#stored);
  }

  async finish(): Promise<StoredBlob> {
    await this.sink.end();
    return this.#stored;
  }

  /** What was written is forgotten. */
  abort(): Promise<void> {
    return abandon(this.#stream, this.#stored);
  }
}

/** A blob that is being written as an archive of stored entries, one after another. */
export class ArchiveWriter {
  readonly #zip: ZipArchive;
  readonly #stored: Promise<StoredBlob>;
  #entry: { stream: PassThrough; over: Promise<unknown>; sink: Sink } | undefined;

  /** `large` where it may come to 4 GB. */
  constructor(blobs: BlobStore, { large }: { large: boolean }) {
    this.#zip = new ZipArchive({ store: true, forceZip64: large });
    this.#stored = store(blobs, this.#zip);
    // Whoever waits for an entry to go on learns that it does not.
    this.#stored.catch((error) => this.#entry?.stream.destroy(error));
  }

  /** Begins the next entry; end it before another. */
  begin(name: string): Sink {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    const over = this.#append(stream, name);
    over.catch(() => undefined);
    const sink = new Sink(stream, this.#stored);
    this.#entry = { stream, over, sink };
    return sink;
  }

  async end(): Promise<void> {
    await this.#entry?.sink.end();
    await this.#entry?.over;
    this.#entry = undefined;
  }

  /** A whole entry. */
  async add(name: string, bytes: Readable): Promise<void> {
    const failed = new Promise<never>((_, reject) => bytes.once('error', reject));
    try {
      await Promise.race([this.#append(bytes, name), failed]);
    } finally {
      bytes.destroy();
    }
  }

  async finish(): Promise<StoredBlob> {
    await this.#zip.finalize();
    return this.#stored;
  }

  /** What was written is forgotten. */
  abort(): Promise<void> {
    this.#entry?.stream.destroy();
    return abandon(this.#zip, this.#stored);
  }

  async #append(bytes: Readable, name: string): Promise<void> {
    const control = new AbortController();
    const { signal } = control;
    try {
      const entry = once(this.#zip, 'entry', { signal });
      const closed = once(this.#zip, 'close', { signal }).then(async () => {
        await this.#stored;
        throw new Error('an archive was closed before its end');
      });
      this.#zip.append(bytes, { name, date: FIXED_DATE });
      await Promise.race([entry, closed]);
    } catch (error) {
      // An archive that nobody takes any more ends with an error of its own: the reason is the store's.
      if (this.#zip.destroyed) await this.#stored;
      throw error;
    } finally {
      control.abort();
    }
  }
}

/** The same rows make the same bytes. */
const FIXED_DATE = new Date(1980, 0, 1);

function store(blobs: BlobStore, bytes: Readable): Promise<StoredBlob> {
  // The store sees errors when it reads; without a listener they would end the process.
  bytes.on('error', () => undefined);
  const stored = storeBlob(blobs, bytes);
  stored.catch(() => undefined);
  return stored;
}

async function abandon(stream: Readable, stored: Promise<unknown>): Promise<void> {
  stream.destroy(new Error('the data is not split any more'));
  await stored.catch(() => undefined);
}
