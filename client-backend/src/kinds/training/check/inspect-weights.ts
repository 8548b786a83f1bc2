import { crc32 } from 'node:zlib';
import { type NpyHeader, valueBytes } from '../data/npy-header.ts';
import type { Npz, NpzArray } from '../data/open-npz.ts';
import { openWeights, readAt, type Source, type Weights } from './open-weights.ts';

export type Inspection =
  /** `change` is the L2 norm of the difference to the start; null without a start. */
  { ok: true; change: number | null } | { ok: false; message: string };

export type Watched = { signal: AbortSignal; onBytes(count: number): void };

/** Read at once; other requests have their turn in between. */
const BLOCK_BYTES = 1024 ** 2;

/**
 * Reads a file of weights to its end: stored arrays of finite numbers, with the
 * names, shapes and types of `start` where that is given. Two blocks are in
 * memory at a time. The message completes a sentence about the file.
 */
export async function inspectWeights(
  path: string,
  start: string | null,
  watched: Watched,
): Promise<Inspection> {
  const file = await openWeights(path);
  if (!file.ok) return file;
  try {
    if (start === null) return await inspect(file.weights, null, watched);
    const base = await openWeights(start);
    if (!base.ok) throw new Error(`the weights at the start cannot be read: they ${base.message}`);
    try {
      const odd = compare(file.weights.npz, base.weights.npz);
      return odd === null ? await inspect(file.weights, base.weights, watched) : bad(odd);
    } finally {
      await base.weights.close();
    }
  } finally {
    await file.weights.close();
  }
}

/** What is not like it was at the start; null when all is. */
function compare(npz: Npz, start: Npz): string | null {
  for (const [name, { header }] of start.arrays) {
    const found = npz.arrays.get(name)?.header;
    if (found === undefined) return `lacks the array "${name}"`;
    if (shapeOf(found) !== shapeOf(header)) {
      return `holds "${name}" in the shape ${shapeOf(found)}, not ${shapeOf(header)}`;
    }
    if (found.descr !== header.descr) return `holds "${name}" as ${found.descr}, not ${header.descr}`;
  }
  const more = npz.arrays.keys().find((name) => !start.arrays.has(name));
  return more === undefined ? null : `holds an array "${more}" that was not there at the start`;
}

export const shapeOf = ({ shape }: NpyHeader): string => `(${shape.join(', ')})`;

async function inspect(weights: Weights, start: Weights | null, watched: Watched): Promise<Inspection> {
  let sum = 0;
  for (const array of weights.npz.arrays.values()) {
    const other = start?.npz.arrays.get(array.name);
    const base = start === null || other === undefined ? null : { weights: start, array: other };
    const found = await inspectArray({ weights, array }, base, watched);
    if (typeof found === 'string') return bad(found);
    sum += found;
  }
  return { ok: true, change: start === null ? null : Math.sqrt(sum) };
}

export type NumbersMay = 'be-finite-alone' | 'be-any';
export type Place = { weights: Weights; array: NpzArray };

/** The square of the distance to the start, or what is wrong. */
export async function inspectArray(
  own: Place,
  base: Place | null,
  watched: Watched,
  numbersMay: NumbersMay = 'be-finite-alone',
): Promise<number | string> {
  const { header } = own.array;
  if (header.kind !== 'f' || numbersMay === 'be-any') return readArray(own, watched, () => 0);
  const baseFrom = base === null ? null : await placeOf(base);
  const before = blockFor(header);
  return readArray(own, watched, async (block, at) => {
    const values = numbers(block, header);
    if (base === null || baseFrom === null) return sumOfZeros(values);
    const place = { from: baseFrom + at, size: block.length };
    return squaredDistance(values, numbers(await read(base.weights.source, before, place), header));
  });
}

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
async function placeOf({ weights: { npz }, array: { entry, header } }: Place): Promise<number> {
  const { fileDataStart } = await npz.zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return fileDataStart + header.length;
}

/** Memory for all of its values, or for as many as are read at once. */
const blockFor = (header: NpyHeader) => new ArrayBuffer(Math.min(BLOCK_BYTES, valueBytes(header)));

async function read(
  source: Source,
  block: ArrayBuffer,
  { from, size }: { from: number; size: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(block, 0, size);
  if (!(await readAt(source, bytes, from))) throw new Error('a file of weights ended while it was read');
  return bytes;
}

type Numbers = Float16Array | Float32Array | Float64Array;
const ARRAYS: Record<number, { new (buffer: ArrayBuffer, at: number, length: number): Numbers }> = {
  2: Float16Array,
  4: Float32Array,
  8: Float64Array,
};

function numbers({ buffer, length }: Uint8Array<ArrayBuffer>, { itemBytes }: NpyHeader): Numbers {
  const Values = ARRAYS[itemBytes];
  if (Values === undefined) throw new Error(`there are no numbers of ${itemBytes} bytes`);
  return new Values(buffer, 0, length / itemBytes);
}

/** 0, or NaN where a value is not finite. */
function sumOfZeros(values: Numbers): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += (values[at] as number) * 0;
  return sum;
}

/** NaN where a value is not finite; infinite where finite ones are too far apart. */
function squaredDistance(values: Numbers, before: Numbers): number {
  let sum = 0;
  let zero = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    const change = value - (before[at] as number);
    sum += change * change;
    zero += value * 0;
  }
  return sum + zero;
}

const bad = (message: string): { ok: false; message: string } => ({ ok: false, message });
