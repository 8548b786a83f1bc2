import { type Inspection, inspectArray, type NumbersMay } from './inspect-weights.ts';
import { dtypeOf, openWeights } from './open-weights.ts';
import type { Watched } from './read-array.ts';

/** Lists, names and single numbers; what is large stands in arrays. */
const MOST_TEXT_BYTES = 16 * 1024 ** 2;

/**
 * Reads what a shard keeps for its next round to its end: the flat arrays of pilot_tree.py, whole and as many bytes as
 * they say. What the numbers of one shard are is the script's own business (Adam's moments may well be infinite); those
 * of which all shards get the mean are finite. The text is read by nobody but the script's own Python. The message
 * completes a sentence about the file.
 */
export async function inspectKept(
  path: string,
  watched: Watched,
  numbersMay: NumbersMay = 'be-any',
): Promise<Inspection> {
  const file = await openWeights(path);
  if (!file.ok) return file;
  const { weights } = file;
  try {
    if (!weights.npz.arrays.has('text')) return bad('says nothing about its arrays');
    for (const array of weights.npz.arrays.values()) {
      const { name, header } = array;
      const text = name === 'text';
      const type = `${header.kind}${header.itemBytes}`;
      if (header.shape.length !== 1 || type !== (text ? 'u1' : name) || dtypeOf(header) === undefined)
        return bad(`holds "${name.slice(0, 100)}", which is no part of what is kept`);
      if (text && header.shape.some((length) => length > MOST_TEXT_BYTES)) return bad('has too much text');
      const found = await inspectArray({ weights, array }, null, watched, numbersMay);
      if (typeof found === 'string') return bad(found);
    }
    return { ok: true, change: null };
  } finally {
    await weights.close();
  }
}

const bad = (message: string): Inspection => ({ ok: false, message });
