import PQueue from 'p-queue';
import { createDecoder, type Decoder } from './decoder.ts';
import type { DecoderOptions } from './decoder-child.ts';

/** Whose pictures a decoder is for: what one job's pictures made of it must not touch another job's. */
export type DecoderOwner = Pick<DecoderOptions, 'format' | 'width' | 'height'> & { job: string };

/** At most so many decoders at once, kept warm for a while for the next picture of their job. */
export type DecoderPool = {
  /** Waits for its turn, and then lends a decoder that has seen pictures of this job alone. */
  lend<T>(owner: DecoderOwner, task: (decoder: Decoder) => Promise<T>): Promise<T>;
  /** After this nothing is lent; what is lent is waited for. */
  close(): Promise<void>;
};

type Resting = { key: string; decoder: Decoder; timer: NodeJS.Timeout };

export function createDecoderPool(
  most: number,
  restMs: number,
  make: (owner: DecoderOwner) => Promise<DecoderOptions>,
): DecoderPool {
  const queue = new PQueue({ concurrency: most });
  const resting: Resting[] = [];
  const ending = new Set<Promise<void>>();
  let closed = false;

  const end = async (decoder: Decoder | null): Promise<void> => {
    if (decoder === null) return;
    const closing = decoder.close().finally(() => ending.delete(closing));
    ending.add(closing);
    await closing;
  };
  /** Takes one that rests out of the list, the one that rested longest first. */
  const take = (isRight: (one: Resting) => boolean): Decoder | null => {
    const one = resting.find(isRight);
    if (one === undefined) return null;
    resting.splice(resting.indexOf(one), 1);
    clearTimeout(one.timer);
    return one.decoder;
  };
  const rest = (key: string, decoder: Decoder): void => {
    const one: Resting = { key, decoder, timer: setTimeout(over, restMs).unref() };
    function over(): void {
      void end(take((other) => other === one));
    }
    resting.push(one);
  };
  const run = async <T>(owner: DecoderOwner, task: (decoder: Decoder) => Promise<T>): Promise<T> => {
    if (closed) throw new Error('the decoders are closed');
    const key = JSON.stringify([owner.job, owner.format, owner.width, owner.height]);
    const warm = take((one) => one.key === key);
    // One that rests is in the way of a new one.
    if (warm === null && resting.length + queue.pending > most) await end(take(() => true));
    const decoder = warm ?? createDecoder(await make(owner));
    try {
      return await task(decoder);
    } finally {
      if (closed) await end(decoder);
      else rest(key, decoder);
    }
  };
  return {
    lend: (owner, task) => queue.add(() => run(owner, task)),
    async close() {
      closed = true;
      await queue.onIdle();
      for (const { decoder } of resting.splice(0)) void end(decoder);
      await Promise.all(ending);
    },
  };
}
