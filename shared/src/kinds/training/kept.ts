import type { StageId } from '../../model/ids.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { DoneChunk } from '../kind.ts';
import { fileAs, inputOf } from './stage-parts.ts';
import { FILES, KEPT, type Kept } from './stages.ts';

/** What a shard goes on from; null where it keeps nothing, or has not come to an end yet. */
export function keptOf(kept: Kept, shard: number): StageInput | null {
  const file = kept.flatMap(({ files }) => files).find((one) => one.shard === shard);
  return file === undefined ? null : inputOf(KEPT, file.hash, file.size);
}

/**
 * What shards keep after a round: those that came to a result what they came with, be it nothing; the others what they
 * had.
 */
export function keptAfter(
  before: Kept,
  stage: StageId,
  updates: readonly { chunk: DoneChunk; shard: number }[],
): Kept {
  const here = new Set(updates.map(({ shard }) => shard));
  const had = before.map((made) => ({ ...made, files: made.files.filter(({ shard }) => !here.has(shard)) }));
  const files = updates.flatMap(({ chunk, shard }) => {
    const file = fileAs(chunk, FILES.kept(shard), KEPT);
    return file === null ? [] : [{ shard, hash: file.hash, size: file.size }];
  });
  return [...had, { stage, files }].filter((made) => made.files.length > 0);
}

/** Names of the files of a stage that its shards still go on from. */
export const namesKept = (kept: Kept, stage: StageId): string[] =>
  kept
    .filter((made) => made.stage === stage)
    .flatMap(({ files }) => files.map(({ shard }) => FILES.kept(shard)));
