/** Reads a stream of bytes piece by piece, holding no more of it than was asked for and one chunk. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, which stay to be read; fewer at the end of the stream. */
  async peek(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    }
    return this.#held.subarray(0, count);
  }

  /** The next `count` bytes; null when the stream ends before. */
  async take(count: number): Promise<Buffer | null> {
    const bytes = await this.peek(count);
    if (bytes.length < count) return null;
    this.#held = this.#held.subarray(count);
    return bytes;
  }

  /** The next `count` bytes; null when some of them must be awaited first. For millions of short ones. */
  takeHeld(count: number): Buffer | null {
    if (this.#held.length < count) return null;
    const bytes = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return bytes;
  }

  /** False when the stream ends before. */
  async skip(count: number): Promise<boolean> {
    for await (const part of this.pieces(count)) count -= part.length;
    return count === 0;
  }

  /** The next `count` bytes, or all that is left, as they come. */
  async *pieces(count = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0 && (await this.peek(1)).length > 0) {
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
