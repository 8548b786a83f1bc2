import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { Npz, NpzArray } from '../data/open-npz.ts';
import { BLOCK, inspectPositions, takenOf } from './inspect-positions.ts';
import { inspectSeen, isCounts, seenProblem } from './inspect-seen.ts';
import { firstProblem, type Inspection, inspectArray } from './inspect-weights.ts';
import { openWeights, type Weights } from './open-weights.ts';
import { readArray, shapeOf, type Watched } from './read-array.ts';

type How = Exclude<TrainingSettings['compress'], 'none'>;
/** As deltas.py writes it. */
type Form = Pick<TrainingSettings, 'sparsify'> & { compress: How };

/**
 * Reads an update that was sent as differences in fewer bits to its end: each array of the start once, as the job asked
 * for it or as it is, of finite numbers. Where only the largest are sent, the change is what these come to. The message
 * completes a sentence about the file.
 */
export async function inspectDelta(
  path: string,
  { base, compress, sparsify, countsRows = false }: Form & { base: string; countsRows?: boolean },
  watched: Watched,
): Promise<Inspection> {
  const form = { compress, sparsify };
  const file = await openWeights(path);
  if (!file.ok) return file;
  try {
    const start = await openWeights(base);
    if (!start.ok) throw new Error(`the weights at the start cannot be read: they ${start.message}`);
    try {
      const seen = countsRows
        ? [...file.weights.npz.arrays.keys()].filter((name) => isCounts(name, false))
        : [];
      const odd =
        compare(file.weights.npz, start.weights.npz, form, seen) ??
        (await inspectSeen(file.weights, seen, watched));
      return odd === null
        ? await inspect(file.weights, start.weights, form, watched)
        : { ok: false, message: odd };
    } finally {
      await start.weights.close();
    }
  } finally {
    await file.weights.close();
  }
}

/** What is not as the weights of the start ask for; null when all is. */
function compare(npz: Npz, start: Npz, form: Form, seen: readonly string[]): string | null {
  const { arrays } = npz;
  const known = new Set<string>(seen);
  const wrong = (name: string, descr: string, shape: readonly number[]): string | null => {
    known.add(name);
    const header = arrays.get(name)?.header;
    if (header === undefined) return `lacks the array "${name}"`;
    if (header.descr === descr && shapeOf(header) === `(${shape.join(', ')})`) return null;
    return `holds "${name}" as ${header.descr} in the shape ${shapeOf(header)}`;
  };
  for (const [name, { header }] of start.arrays) {
    // Running statistics stand as they are; which arrays these are is the merge's to know.
    const asIs = header.kind !== 'f' || arrays.has(`full/${name}`);
    const problem = firstProblem(
      asIs ? [[`full/${name}`, header.descr, header.shape] as const] : partsOf(name, header.shape, form),
      ([part, descr, shape]) => wrong(part, descr, shape),
    );
    if (problem !== null) return problem;
  }
  const more = arrays.keys().find((name) => !known.has(name));
  if (more !== undefined) return `holds an array "${more}" that nobody asked for`;
  return firstProblem(seen, (name) => seenProblem(name, npz, start));
}

type Part = readonly [name: string, descr: string, shape: readonly number[]];

/** The arrays as which the differences of one come. */
function partsOf(name: string, shape: readonly number[], { compress, sparsify }: Form): Part[] {
  const size = sizeOf(shape);
  const { ofBlock, total } = sparsify === null ? { ofBlock: BLOCK, total: size } : takenOf(size, sparsify);
  const sent = sparsify === null ? shape : [total];
  const positions: Part[] = sparsify === null ? [] : [[`at/${name}`, '<u2', sent]];
  return compress === 'bf16'
    ? [...positions, [`bf16/${name}`, '<u2', sent]]
    : [...positions, [`int8/${name}`, '|i1', sent], [`scale/${name}`, '<f4', [Math.ceil(total / ofBlock)]]];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);

async function inspect(
  weights: Weights,
  start: Weights,
  { sparsify }: Form,
  watched: Watched,
): Promise<Inspection> {
  let sum = 0;
  for (const [name, { header }] of start.npz.arrays) {
    const of = (kind: string) => weights.npz.arrays.get(`${kind}/${name}`);
    const [full, at, half, whole, scale] = [of('full'), of('at'), of('bf16'), of('int8'), of('scale')];
    const size = sizeOf(header.shape);
    let found: number | string = 0;
    if (at !== undefined && sparsify !== null) {
      const odd = await inspectPositions(weights, at, { size, share: sparsify }, watched);
      if (odd !== null) return { ok: false, message: odd };
    }
    if (full !== undefined) {
      const base = start.npz.arrays.get(name);
      const before = base === undefined || header.kind !== 'f' ? null : { weights: start, array: base };
      found = await inspectArray({ weights, array: full }, before, watched);
    } else if (half !== undefined) {
      found = await readArray({ weights, array: half }, watched, squaresOfHalves);
    } else if (whole !== undefined && scale !== undefined) {
      const ofScale = sparsify === null ? BLOCK : takenOf(size, sparsify).ofBlock;
      found = await squaresOfWhole(weights, { whole, scale, ofScale }, watched);
    }
    if (typeof found === 'string') return { ok: false, message: found };
    sum += found;
  }
  return { ok: true, change: Math.sqrt(sum) };
}

/** Of bfloat16, which is the upper half of a float32. */
function squaresOfHalves(block: Uint8Array<ArrayBuffer>): number {
  const values = new Uint16Array(block.buffer, 0, block.length / 2);
  const bits = new Uint32Array(1);
  const number = new Float32Array(bits.buffer);
  let sum = 0;
  for (const half of values) {
    bits[0] = half << 16;
    sum += (number[0] as number) ** 2 + (number[0] as number) * 0;
  }
  return sum;
}

async function squaresOfWhole(
  weights: Weights,
  { whole, scale, ofScale }: { whole: NpzArray; scale: NpzArray; ofScale: number },
  watched: Watched,
): Promise<number | string> {
  // As many as the start's shape asks for, which was compared: 2 MB for a billion numbers.
  const scales = new Float32Array(scale.header.shape[0] ?? 0);
  const problem = await readArray({ weights, array: scale }, watched, (block, at) => {
    const values = new Float32Array(block.buffer, 0, block.length / 4);
    scales.set(values, at / 4);
    return values.reduce((sum, one) => sum + one * 0, 0);
  });
  if (typeof problem === 'string') return problem;
  return readArray({ weights, array: whole }, watched, (block, at) => {
    const values = new Int8Array(block.buffer, 0, block.length);
    let sum = 0;
    for (let index = 0; index < values.length; index += 1)
      sum += ((values[index] as number) * (scales[Math.floor((at + index) / ofScale)] as number)) ** 2;
    return sum;
  });
}
