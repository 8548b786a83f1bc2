import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** What is read or written of a large file at once: each asks Node's thread pool, which wakes another processor. */
export const BLOCK_BYTES = 512 * 1024;

/**
 * The bytes of a file from `start` to `end` (inclusive) or to its end, in memory that is used again: a block holds them
 * until the next but one is asked for. A stream takes new memory for each, and V8 collects the whole heap for every
 * some tens of megabytes of such. `size`: about how many there are.
 */
export async function* blocksOf(
  path: string,
  size: number,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer<ArrayBuffer>, void> {
  const file = await open(path, 'r');
  try {
    const bytes = Math.max(1, Math.min(BLOCK_BYTES, size));
    let [block, other]: (Buffer<ArrayBuffer> | undefined)[] = [];
    for (let at = start; at <= end; ) {
      block ??= Buffer.allocUnsafeSlow(bytes);
      const { bytesRead } = await file.read(block, 0, Math.min(bytes, end + 1 - at), at);
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
      at += bytesRead;
      [block, other] = [other, block];
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes blocks to a request or a response, which has no more use for one when it calls back, and ends it; returns sooner
 * where it is closed. Rejects when the blocks cannot be read.
 */
export async function sendBlocks(blocks: AsyncIterable<Buffer>, to: Writable): Promise<void> {
  const closed = new AbortController();
  const over = once(to, 'close', { signal: closed.signal }).then(
    () => false,
    () => false,
  );
  const write = (block: Buffer): Promise<boolean> =>
    new Promise((resolve) => void to.write(block, (error) => resolve(!error)));
  try {
    let before: Promise<boolean> = Promise.resolve(true);
    for await (const block of blocks) {
      const written = write(block);
      // A stream that never got a connection calls nobody back.
      if (!(await Promise.race([before, over]))) return;
      before = written;
    }
    if (await Promise.race([before, over])) to.end();
  } finally {
    closed.abort();
  }
}

/** Writes small pieces as large blocks. `onWritten` is told what is in the file by then. */
export class BlockWriter {
  readonly #file: FileHandle;
  readonly #block: Buffer;
  readonly #onWritten: (block: Buffer) => void;
  #filled = 0;
  #at: number;

  /** `at`: where in the file it begins; `size`: how many bytes may come. */
  constructor(
    file: FileHandle,
    { at = 0, size, onWritten }: { at?: number; size: number; onWritten: (block: Buffer) => void },
  ) {
    this.#file = file;
    this.#block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(BLOCK_BYTES, size)));
    this.#at = at;
    this.#onWritten = onWritten;
  }

  /** The piece may change when this has resolved. */
  async add(piece: Buffer): Promise<void> {
    for (let from = 0; from < piece.length; ) {
      const copied = piece.copy(this.#block, this.#filled, from);
      from += copied;
      this.#filled += copied;
      if (this.#filled === this.#block.length) await this.flush();
    }
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    const block = this.#block.subarray(0, this.#filled);
    for (let done = 0; done < block.length; ) {
      const { bytesWritten } = await this.#file.write(block, done, block.length - done, this.#at + done);
      done += bytesWritten;
    }
    this.#filled = 0;
    this.#at += block.length;
    if (block.length > 0) this.#onWritten(block);
  }
}

/**
 * Lets the memory of a piece go that nobody else has, as what comes with a request or a response: left to V8, it would
 * stay until a collection, and bring one about.
 */
export function letGo({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
