import { crc32 } from 'node:zlib';
import { type NpyHeader, valueBytes } from '../data/npy-header.ts';
import type { NpzArray } from '../data/open-npz.ts';
import { readAt, type Source, type Weights } from './open-weights.ts';

export type Watched = { signal: AbortSignal; onBytes(count: number): void };

/** Read at once; other requests have their turn in between. */
const BLOCK_BYTES = 1024 ** 2;

export type Place = { weights: Weights; array: NpzArray };

export const shapeOf = ({ shape }: NpyHeader): string => `(${shape.join(', ')})`;

/** The sum of what `take` makes of each block of an array, or what is wrong; NaN is a value that is not finite. */
export async function readArray(
  own: Place,
  watched: Watched,
  take: (block: Uint8Array<ArrayBuffer>, at: number) => number | Promise<number>,
): Promise<number | string> {
  const { name, entry, header } = own.array;
  const from = await placeOf(own);
  const head = { from: from - header.length, size: header.length };
  let checksum = crc32(await read(own.weights.source, new ArrayBuffer(header.length), head));
  let sum = 0;
  const buffer = blockFor(header);
  const bytes = valueBytes(header);
  for (let at = 0; at < bytes; at += BLOCK_BYTES) {
    watched.signal.throwIfAborted();
    const size = Math.min(BLOCK_BYTES, bytes - at);
    const block = await read(own.weights.source, buffer, { from: from + at, size });
    checksum = crc32(block, checksum);
    sum += await take(block, at);
    if (Number.isNaN(sum)) return `holds values that are not finite in "${name}"`;
    watched.onBytes(size);
  }
  return checksum === entry.crc32 ? sum : `is damaged: the checksum of "${name}" does not fit`;
}

/** Where the values begin in the file. */
export async function placeOf({ weights: { npz }, array: { entry, header } }: Place): Promise<number> {
  const { fileDataStart } = await npz.zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return fileDataStart + header.length;
}

/** Memory for all of its values, or for as many as are read at once. */
export const blockFor = (header: NpyHeader) => new ArrayBuffer(Math.min(BLOCK_BYTES, valueBytes(header)));

export async function read(
  source: Source,
  block: ArrayBuffer,
  { from, size }: { from: number; size: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(block, 0, size);
  if (!(await readAt(source, bytes, from))) throw new Error('a file of weights ended while it was read');
  return bytes;
}
