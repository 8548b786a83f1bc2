import type { NpzArray } from '../data/open-npz.ts';
import type { Weights } from './open-weights.ts';
import { readArray, type Watched } from './read-array.ts';

/** Numbers of which the same count is sent; see sparse.py, which writes these files. */
export const BLOCK = 2_048;

/** How many of `size` numbers are sent: of each whole block, and of all together. */
export function takenOf(size: number, share: number): { ofBlock: number; total: number } {
  const ofBlock = Math.ceil(share * BLOCK);
  return { ofBlock, total: Math.floor(size / BLOCK) * ofBlock + Math.ceil(share * (size % BLOCK)) };
}

/**
 * Reads where the sent ones of `size` numbers stand in their blocks, of which there are as many as `takenOf` says. What is
 * wrong with it, or null: each is within its block and beyond the one before, so none comes twice.
 */
export async function inspectPositions(
  weights: Weights,
  array: NpzArray,
  { size, share }: { size: number; share: number },
  watched: Watched,
): Promise<string | null> {
  const { ofBlock } = takenOf(size, share);
  let before = -1;
  let index = 0;
  let odd = false;
  const found = await readArray({ weights, array }, watched, ({ buffer, length }) => {
    for (const position of new Uint16Array(buffer, 0, length / 2)) {
      const place = Math.floor(index / ofBlock) * BLOCK + position;
      odd ||= position >= BLOCK || place >= size || place <= before;
      before = place;
      index += 1;
    }
    return 0;
  });
  if (typeof found === 'string') return found;
  return odd ? `holds positions in "${array.name}" that do not ascend within their blocks` : null;
}
