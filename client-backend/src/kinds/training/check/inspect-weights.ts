import type { NpyHeader } from '../data/npy-header.ts';
import type { Npz } from '../data/open-npz.ts';
import { inspectSeen, isCounts, seenProblem } from './inspect-seen.ts';
import { openWeights, type Weights } from './open-weights.ts';
import { blockFor, type Place, placeOf, read, readArray, shapeOf, type Watched } from './read-array.ts';

export type Inspection =
  /** `change` is the L2 norm of the difference to the start; null without a start. */
  { ok: true; change: number | null } | { ok: false; message: string };

/**
 * Reads a file of weights to its end: stored arrays of finite numbers, with the
 * names, shapes and types of `start` where that is given. Two blocks are in
 * memory at a time. The message completes a sentence about the file. An update
 * may hold counts of rows too, where `countsRows`.
 */
export async function inspectWeights(
  path: string,
  start: string | null,
  watched: Watched,
  countsRows = false,
): Promise<Inspection> {
  const file = await openWeights(path);
  if (!file.ok) return file;
  try {
    if (start === null) return await inspect(file.weights, null, watched);
    const base = await openWeights(start);
    if (!base.ok) throw new Error(`the weights at the start cannot be read: they ${base.message}`);
    try {
      const { npz } = base.weights;
      const seen = countsRows ? countsIn(file.weights.npz, npz) : [];
      const odd = compare(file.weights.npz, npz, seen) ?? (await inspectSeen(file.weights, seen, watched));
      return odd === null ? await inspect(file.weights, base.weights, watched) : bad(odd);
    } finally {
      await base.weights.close();
    }
  } finally {
    await file.weights.close();
  }
}

/** What is not like it was at the start; null when all is. */
function compare(npz: Npz, start: Npz, seen: readonly string[]): string | null {
  for (const [name, { header }] of start.arrays) {
    const found = npz.arrays.get(name)?.header;
    if (found === undefined) return `lacks the array "${name}"`;
    if (shapeOf(found) !== shapeOf(header)) {
      return `holds "${name}" in the shape ${shapeOf(found)}, not ${shapeOf(header)}`;
    }
    if (found.descr !== header.descr) return `holds "${name}" as ${found.descr}, not ${header.descr}`;
  }
  const more = npz.arrays.keys().find((name) => !start.arrays.has(name) && !seen.includes(name));
  if (more !== undefined) return `holds an array "${more}" that was not there at the start`;
  return firstProblem(seen, (name) => seenProblem(name, npz, start));
}

const countsIn = (npz: Npz, start: Npz): string[] =>
  [...npz.arrays.keys()].filter((name) => isCounts(name, start.arrays.has(name)));

export function firstProblem<Part>(
  parts: readonly Part[],
  problemOf: (part: Part) => string | null,
): string | null {
  for (const part of parts) {
    const problem = problemOf(part);
    if (problem !== null) return problem;
  }
  return null;
}

async function inspect(weights: Weights, start: Weights | null, watched: Watched): Promise<Inspection> {
  let sum = 0;
  for (const array of weights.npz.arrays.values()) {
    const other = start?.npz.arrays.get(array.name);
    if (start !== null && other === undefined) continue; // counts of rows, which are no weights
    const base = start === null || other === undefined ? null : { weights: start, array: other };
    const found = await inspectArray({ weights, array }, base, watched);
    if (typeof found === 'string') return bad(found);
    sum += found;
  }
  return { ok: true, change: start === null ? null : Math.sqrt(sum) };
}

export type NumbersMay = 'be-finite-alone' | 'be-any';
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
