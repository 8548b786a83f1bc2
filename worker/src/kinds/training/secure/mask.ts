import { createCipheriv } from 'node:crypto';

/** A mask that is added to a vector (1) or taken off it (-1). `key`: the 32 bytes that it is drawn from. */
export type Mask = { key: Uint8Array; sign: 1 | -1 };

/**
 * Adds masks to a vector of whole numbers modulo 2^32, block after block from its start. Each is drawn from its key by
 * AES-256 in counter mode, from a counter of zero: a key is for one mask. Blocks are changed in place.
 */
export function masker(masks: readonly Mask[]): (block: Uint32Array) => void {
  const drawn = masks.map(({ key, sign }) => ({ stream: createCipheriv('aes-256-ctr', key, ZERO), sign }));
  let zeros = new Uint8Array(0);
  return (block) => {
    if (zeros.length < block.byteLength) zeros = new Uint8Array(block.byteLength);
    for (const { stream, sign } of drawn) {
      const mask = numbersOf(stream.update(zeros.subarray(0, block.byteLength)));
      // What is put into an array of 32 bits is taken modulo 2^32.
      for (let at = 0; at < block.length; at += 1)
        block[at] = (block[at] as number) + sign * (mask[at] as number);
    }
  };
}

const ZERO = new Uint8Array(16);

/** The same bytes as whole numbers; little-endian, as all machines are that a worker runs on. */
function numbersOf(bytes: Buffer): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
