import type { FreeBytes } from './disk-room.ts';

const LOOK_MS = 10_000;
/** Less than such a part of it is no news: somebody writes to a disk all the time. */
const NEWS = 1 / 128;

/**
 * How much of a disk chunks may fill together, bytes. What they write must not count twice, once as theirs and once as
 * no longer free: while some that asked for disk are at work, it is no more than was free before they began, and no
 * more than is free now and what they asked for. So what others fill the disk with counts at the latest when these are over.
 */
export class FreeDisk {
  readonly #look: () => Promise<void>;
  #bytes: number;
  #timer: NodeJS.Timeout | undefined;

  static async open(folder: string, freeBytes: FreeBytes, asked: () => number): Promise<FreeDisk> {
    return new FreeDisk(await freeBytes(folder), () => freeBytes(folder), asked);
  }

  private constructor(first: number, freeBytes: () => Promise<number>, asked: () => number) {
    this.#bytes = Math.floor(first);
    this.#look = async () => {
      const free = await freeBytes();
      const inUse = asked();
      const now = inUse === 0 ? free : Math.min(this.#bytes, free + inUse);
      if (Math.abs(now - this.#bytes) >= NEWS * this.#bytes) this.#bytes = Math.floor(now);
    };
    this.#timer = setInterval(() => void this.look().catch(() => undefined), LOOK_MS).unref();
  }

  get bytes(): number {
    return this.#bytes;
  }

  look(): Promise<void> {
    return this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
