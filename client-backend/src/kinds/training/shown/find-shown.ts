import { MOST_SHARDS } from '@parallel-pilot/shared/kinds/training/settings.ts';
import {
  AllShown,
  keepsShown,
  type Shown,
  type ShownList,
  sizeOf,
} from '@parallel-pilot/shared/kinds/training/shown.ts';
import { FILES, MergeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { BlobHash, JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type DoneChunk, doneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { resultFields, specFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { iterationsOf, type TimedStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import { roundOf } from '../rounds/round-stages.ts';

/** What a round shows, of one shard (from 0) or of the merged model (null), with the part of the blob that it is. */
export type FoundShown = {
  shard: number | null;
  place: number;
  what: Shown;
  hash: BlobHash;
  start: number;
};

const Result = z.object({ shown: AllShown });
const Files = z.array(ResultFile);

/** Numbers of the rounds that show something, of those of which it is kept or not yet decided. */
export async function shownRounds(db: Db, job: JobId, settings: { rounds: number }): Promise<number[]> {
  const merges = await iterationsOf(db, job, 'merge');
  const newest = merges.at(-1);
  const round = newest === undefined ? 1 : roundOf(newest);
  // Of the round before the newest what its merge shows may be there still.
  const kept = merges.filter((merge) => roundOf(merge) >= round - 1 || keepsShown(settings, roundOf(merge)));
  const ids = kept.map(({ id }) => id);
  const shards = await specFields(db, ids, { shown: '$.shown' });
  const merged = new Map(
    (await resultFields(db, ids, { shown: '$.shown' })).map(({ stage_id, fields }) => [stage_id, fields]),
  );
  const rounds = kept.filter(({ id }) => isSome(shards.get(id)?.shown) || isSome(merged.get(id)?.shown));
  const open = await iterationsOf(db, job, 'train', { after: newest === undefined ? 0 : round, limit: 1 });
  const trained = await resultFields(
    db,
    open.map(({ id }) => id),
    { shown: '$.shown' },
  );
  const under = trained.some(({ fields }) => isSome(fields.shown)) ? open : [];
  return [...rounds, ...under].map(roundOf);
}

const isSome = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What a round shows and is kept: the merged model's first, then that of the shards in their order. */
export async function shownOf(db: Db, job: JobId, round: number): Promise<FoundShown[]> {
  const page = { after: round - 1, limit: 1 };
  const [merge] = await iterationsOf(db, job, 'merge', page);
  const [train] = await iterationsOf(db, job, 'train', page);
  const merged = merge === undefined ? undefined : await doneChunk(db, merge.id, 0);
  const shards = train === undefined ? [] : await shardsOf(db, train, merge);
  return [
    ...(merged === undefined ? [] : partsOf(null, merged)),
    ...shards.flatMap((one) => partsOf(one.ordinal, one)),
  ];
}

/** The chunks that show something, as far as their round's merge knows; all that are done before it. */
async function shardsOf(db: Db, train: TimedStage, merge: TimedStage | undefined): Promise<DoneChunk[]> {
  if (merge === undefined) return doneChunks(db, train.id, -1, MOST_SHARDS);
  const ordinals = await shardsIn(db, merge.id);
  const found: DoneChunk[] = [];
  for (const ordinal of ordinals) {
    const chunk = await doneChunk(db, train.id, ordinal);
    if (chunk !== undefined) found.push(chunk);
  }
  return found;
}

async function shardsIn(db: Db, merge: StageId): Promise<number[]> {
  const fields = (await specFields(db, [merge], { shown: '$.shown' })).get(merge);
  return MergeSpec.shape.shown.parse(fields?.shown ?? undefined);
}

/** Nothing where its file is not there any more, or is not as long as the report says. */
function partsOf(shard: number | null, { result_json, files_json }: DoneChunk): FoundShown[] {
  const all = Result.safeParse(JSON.parse(result_json ?? '{}')).data?.shown ?? [];
  const files = Files.safeParse(JSON.parse(files_json ?? '[]')).data ?? [];
  const file = files.find(({ name }) => name === FILES.shown);
  if (file === undefined || file.size !== sizeOf(all)) return [];
  let start = 0;
  return all.map((what, place) => {
    const part = { shard, place, what, hash: file.hash, start };
    start += what.size;
    return part;
  });
}

export const asListed = ({ shard, place, what }: FoundShown): ShownList['shown'][number] => ({
  shard: shard === null ? null : shard + 1,
  place,
  what,
});
