import { type FileHandle, open } from 'node:fs/promises';
import { type NpyHeader, valueCount } from '../data/npy-header.ts';
import { type Npz, type NpzArray, openNpz } from '../data/open-npz.ts';

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

type Weights = { npz: Npz; handle: FileHandle; close(): Promise<void> };

async function openWeights(
  path: string,
): Promise<{ ok: true; weights: Weights } | { ok: false; message: string }> {
  const opened = await openNpz(path);
  if (!opened.ok) return opened;
  const { npz } = opened;
  const problem = formProblem([...npz.arrays.values()]);
  if (problem !== null) {
    npz.close();
    return bad(problem);
  }
  const handle = await open(path, 'r');
  return {
    ok: true,
    weights: {
      npz,
      handle,
      close() {
        npz.close();
        return handle.close();
      },
    },
  };
}

function formProblem(arrays: NpzArray[]): string | null {
  if (arrays.length === 0) return 'holds no arrays';
  for (const { name, header, stored } of arrays) {
    if (!stored) return `holds "${name}" compressed, not stored`;
    if (!'biuf'.includes(header.kind))
      return `holds "${name}" of the type ${header.descr}, which is no number`;
    if (header.kind === 'f' && !(header.littleEndian && ARRAYS[header.itemBytes] !== undefined)) {
      return `holds "${name}" of the type ${header.descr}, which is not known here`;
    }
  }
  return null;
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
    if (found.fortran !== header.fortran) return `holds "${name}" in another order of its values`;
  }
  const more = npz.arrays.keys().find((name) => !start.arrays.has(name));
  return more === undefined ? null : `holds an array "${more}" that was not there at the start`;
}

const shapeOf = ({ shape }: NpyHeader): string => `(${shape.join(', ')})`;

async function inspect(weights: Weights, start: Weights | null, watched: Watched): Promise<Inspection> {
  const blocks = [new ArrayBuffer(BLOCK_BYTES), new ArrayBuffer(BLOCK_BYTES)] as const;
  let sum = 0;
  for (const array of weights.npz.arrays.values()) {
    if (array.header.kind !== 'f') continue;
    const from = await placeOf(weights, array);
    const other = start?.npz.arrays.get(array.name);
    const otherFrom = start === null || other === undefined ? 0 : await placeOf(start, other);
    const bytes = valueCount(array.header) * array.header.itemBytes;
    for (let at = 0; at < bytes; at += BLOCK_BYTES) {
      watched.signal.throwIfAborted();
      const size = Math.min(BLOCK_BYTES, bytes - at);
      const values = await read(weights.handle, blocks[0], { from: from + at, size }, array.header);
      const before =
        start === null
          ? null
          : await read(start.handle, blocks[1], { from: otherFrom + at, size }, array.header);
      const square = before === null ? sumOfZeros(values) : squaredDistance(values, before);
      if (Number.isNaN(square)) return bad(`holds values that are not finite in "${array.name}"`);
      sum += square;
      watched.onBytes(size);
    }
  }
  return { ok: true, change: start === null ? null : Math.sqrt(sum) };
}

async function placeOf({ npz }: Weights, { entry, header }: NpzArray): Promise<number> {
  const { fileDataStart } = await npz.zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return fileDataStart + header.length;
}

type Numbers = Float16Array | Float32Array | Float64Array;
const ARRAYS: Record<number, { new (buffer: ArrayBuffer, at: number, length: number): Numbers }> = {
  2: Float16Array,
  4: Float32Array,
  8: Float64Array,
};

async function read(
  handle: FileHandle,
  block: ArrayBuffer,
  { from, size }: { from: number; size: number },
  { itemBytes }: NpyHeader,
): Promise<Numbers> {
  const bytes = new Uint8Array(block, 0, size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, size - at, from + at);
    if (bytesRead === 0) throw new Error('a file of weights ended while it was read');
    at += bytesRead;
  }
  const Values = ARRAYS[itemBytes];
  if (Values === undefined) throw new Error(`there are no numbers of ${itemBytes} bytes`);
  return new Values(block, 0, size / itemBytes);
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
