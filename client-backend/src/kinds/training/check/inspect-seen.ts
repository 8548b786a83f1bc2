import type { Npz } from '../data/open-npz.ts';
import type { Weights } from './open-weights.ts';
import { readArray, shapeOf, type Watched } from './read-array.ts';

/** Before the name of an array: how often each of its rows was seen; see rows.py, which merges by it. */
const PREFIX = 'seen/';

/** Whether an array of an update holds counts; `isWeight`: weights may be named so as well. */
export const isCounts = (name: string, isWeight: boolean): boolean => name.startsWith(PREFIX) && !isWeight;

/** What is wrong with the form of counts by that name; null when it is one number for each row of an array of `start`. */
export function seenProblem(name: string, { arrays }: Npz, start: Npz): string | null {
  const rowsOf = start.arrays.get(name.slice(PREFIX.length))?.header;
  const header = arrays.get(name)?.header;
  if (rowsOf === undefined || header === undefined)
    return `holds "${name}", counts of the rows of an array that was not there at the start`;
  const [rows] = rowsOf.shape;
  if (rows === undefined || rowsOf.kind !== 'f')
    return `holds "${name}", counts of rows of an array that has no rows of numbers with a fraction`;
  if (header.descr !== '<f4' && header.descr !== '<f8')
    return `holds "${name}" as ${header.descr}, not <f4 or <f8`;
  return shapeOf(header) === `(${rows})`
    ? null
    : `holds "${name}" in the shape ${shapeOf(header)}, not (${rows})`;
}

/** Reads the counts of those names to their end; what is wrong with them, or null. */
export async function inspectSeen(
  weights: Weights,
  names: readonly string[],
  watched: Watched,
): Promise<string | null> {
  for (const name of names) {
    const array = weights.npz.arrays.get(name);
    if (array === undefined) continue;
    let negative = false;
    const found = await readArray({ weights, array }, watched, ({ buffer, length }) => {
      const Values = array.header.itemBytes === 4 ? Float32Array : Float64Array;
      let sum = 0;
      for (const value of new Values(buffer, 0, length / array.header.itemBytes)) {
        negative ||= value < 0;
        sum += value * 0;
      }
      return sum;
    });
    if (typeof found === 'string') return found;
    if (negative) return `holds counts in "${name}" that are negative`;
  }
  return null;
}
