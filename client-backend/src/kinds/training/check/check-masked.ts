import { FILES, WEIGHTS } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { Parts } from '../../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../../kind.ts';
import { valueBytes } from '../data/npy-header.ts';
import { openWeights } from './open-weights.ts';

const Files = z.array(ResultFile);
const Stage = z.object({
  pending: z.object({ inputs: z.array(z.object({ path: z.string(), hash: z.string() })) }),
});
/** A whole number modulo 2^32. */
const NUMBER_BYTES = 4;

/**
 * Which shards handed in a masked update of the length that the weights have. What is in it nobody can tell, and a shard
 * masks once: one of another length is left out of the round.
 */
export async function checkMasked({ db, blobs }: Parts, { stage }: BackgroundTask): Promise<StageTaskResult> {
  const { inputs } = Stage.parse(JSON.parse(stage.spec_json)).pending;
  const start = inputs.find(({ path }) => path === WEIGHTS);
  if (start === undefined) throw new Error('a round without the weights that it started from');
  const expected = await maskedBytes(blobs.localPath(BlobHash.parse(start.hash)));
  const checked: number[] = [];
  for (const { ordinal, files_json } of await doneChunks(db, stage.id, -1, stage.chunk_count)) {
    const files = Files.safeParse(JSON.parse(files_json ?? '[]')).data ?? [];
    const masked = files.find(({ name }) => name === FILES.masked);
    const size = masked === undefined ? null : await blobs.size(masked.hash);
    if (size === expected) checked.push(ordinal);
  }
  return { outcome: 'done', value: { checked }, blobs: [] };
}

async function maskedBytes(weights: string): Promise<number> {
  const file = await openWeights(weights);
  if (!file.ok) throw new Error(`the weights at the start cannot be read: they ${file.message}`);
  try {
    const numbers = file.weights.npz.arrays
      .values()
      .filter(({ header }) => header.kind === 'f')
      .map(({ header }) => valueBytes(header) / header.itemBytes);
    return numbers.reduce((sum, count) => sum + count, 0) * NUMBER_BYTES;
  } finally {
    await file.weights.close();
  }
}
