import type { FileHandle } from 'node:fs/promises';
import type { Unmasking } from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import type { Scale } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import { type Mask, masker } from './mask.ts';
import { ProtocolError, unmaskingMasks } from './participant.ts';
import { quantiser, restored } from './quantise.ts';
import { BLOCK, countIn, readBlock, withFiles } from './vector-files.ts';

/*
 * Updates in files, a block at a time: as changes (float64), and as whole numbers modulo 2^32. Whatever aborts, throws.
 */

const CHANGE_BYTES = 8;
const NUMBER_BYTES = 4;
type Watched = { signal: AbortSignal };

/** The number of blocks' numbers from `at` on. */
const sizes = function* (count: number, block = BLOCK): Generator<{ at: number; length: number }> {
  for (let at = 0; at < count; at += block) yield { at, length: Math.min(block, count - at) };
};

/** The more masks, the smaller the block: between two of them the worker says that it lives. */
const blockFor = (masks: number): number =>
  Math.max(1_024, Math.min(BLOCK, Math.floor((32 * BLOCK) / Math.max(1, masks))));

/** Writes the changes of `from` as whole numbers. Throws a RangeError where one is not finite, with a sentence's end. */
export async function quantiseFile(
  from: string,
  to: string,
  { scale, clip, random, signal }: { scale: Scale; clip: number; random: RandomBytes } & Watched,
): Promise<void> {
  await withFiles([from], 'r', async ([source]) => {
    const file = source as FileHandle;
    const count = await countIn(file, CHANGE_BYTES);
    const changes = async function* () {
      for (const { at, length } of sizes(count)) {
        signal.throwIfAborted();
        const block = new Float64Array(length);
        await readBlock(file, new Uint8Array(block.buffer), at * CHANGE_BYTES);
        yield block;
      }
    };
    let squares = 0;
    for await (const block of changes()) for (const value of block) squares += value * value;
    if (!Number.isFinite(squares)) throw new RangeError('it has numbers that are not finite');
    const quantise = quantiser(scale, { norm: Math.sqrt(squares), clip, count }, random);
    await withFiles([to], 'w', async ([target]) => {
      for await (const block of changes()) await target?.writeFile(quantise(block));
      await target?.sync();
    });
  });
}

/** Writes a vector under masks, and returns how many numbers it has. */
export async function maskFile(
  from: string,
  to: string,
  masks: readonly Mask[],
  { signal }: Watched,
): Promise<number> {
  const add = masker(masks);
  return withFiles([from], 'r', ([source]) =>
    withFiles([to], 'w', async ([target]) => {
      const file = source as FileHandle;
      const count = await countIn(file, NUMBER_BYTES);
      for (const { at, length } of sizes(count, blockFor(masks.length))) {
        signal.throwIfAborted();
        const block = new Uint32Array(length);
        await readBlock(file, new Uint8Array(block.buffer), at * NUMBER_BYTES);
        add(block);
        await target?.writeFile(block);
      }
      return count;
    }),
  );
}

/** Writes the sum of the masked vectors without its masks, as changes. Throws a ProtocolError where it is no such sum. */
export async function unmaskSum(
  from: readonly string[],
  to: string,
  unmasking: Unmasking,
  { signal }: Watched,
): Promise<void> {
  const masks = unmaskingMasks(unmasking);
  const add = masker(masks);
  const of = { ...unmasking, shards: from.length };
  await withFiles(from, 'r', (files) =>
    withFiles([to], 'w', async ([target]) => {
      const counts = await Promise.all(files.map((file) => countIn(file, NUMBER_BYTES)));
      const [count = 0] = counts;
      if (counts.some((one) => one !== count))
        throw new ProtocolError('The masked updates of the shards are of different lengths.');
      for (const { at, length } of sizes(count, blockFor(masks.length))) {
        signal.throwIfAborted();
        const sum = new Uint32Array(length);
        for (const file of files) await addBlock(sum, file, at);
        add(sum);
        const changes = restored(sum, of);
        if (changes === null)
          throw new ProtocolError(
            'The sum of the updates is beyond what they can come to: a worker told wrong shares.',
          );
        await target?.writeFile(changes);
      }
    }),
  );
}

async function addBlock(sum: Uint32Array, file: FileHandle, at: number): Promise<void> {
  const block = new Uint32Array(sum.length);
  await readBlock(file, new Uint8Array(block.buffer), at * NUMBER_BYTES);
  for (let place = 0; place < sum.length; place += 1)
    sum[place] = (sum[place] as number) + (block[place] as number);
}
