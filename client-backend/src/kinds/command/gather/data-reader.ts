import type { Parts } from '../../../parts.ts';
import type { Part } from '../done-runs.ts';

/** A blob of no more is read whole: it holds what many runs left, and they are asked for one after the other. */
const MOST_WHOLE_BYTES = 4 * 1024 ** 2;

/** Reads parts of blobs of which neighbours lie in one: each of those is read once. */
export type DataReader = (part: Part) => Promise<Buffer>;

export function createDataReader(blobs: Parts['blobs']): DataReader {
  // Two stages take turns at most; a third would only be read again.
  let held: { hash: string; bytes: Buffer }[] = [];
  return async ({ hash, start, size }) => {
    if (size === 0) return Buffer.alloc(0);
    let found = held.find((one) => one.hash === hash);
    if (found === undefined) {
      const all = await blobs.size(hash);
      if (all === null || all > MOST_WHOLE_BYTES)
        return Buffer.concat(await blobs.read(hash, { start, end: start + size - 1 }).toArray());
      found = { hash, bytes: Buffer.concat(await blobs.read(hash).toArray()) };
      held = [found, ...held.slice(0, 1)];
    }
    return found.bytes.subarray(start, start + size);
  };
}
