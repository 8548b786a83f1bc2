import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { resultFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { iterationsOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { roundOf } from '../rounds/round-stages.ts';

export type Training = { job: JobId; shards: number };

/** What one chunk of a round came to; `shard` is null for its merge. */
export type ResultRow<Name extends string> = {
  round: number;
  shard: number | null;
  fields: Record<Name, unknown>;
};

/**
 * Those fields of the results of all rounds in their order: of every shard, then of the merge. `most` results are in
 * memory at a time.
 */
export async function* resultRows<Name extends string>(
  db: Db,
  { job, shards }: Training,
  paths: Record<Name, string>,
  { most, signal }: { most: number; signal: AbortSignal },
): AsyncGenerator<ResultRow<Name>> {
  const limit = Math.max(1, Math.floor(most / shards));
  for (let after = 0; ; after += limit) {
    signal.throwIfAborted();
    const page = { after, limit };
    const trains = await iterationsOf(db, job, 'train', page);
    if (trains.length === 0) return;
    const stages = [...trains, ...(await iterationsOf(db, job, 'merge', page))];
    const byId = new Map(stages.map((stage) => [stage.id, stage]));
    const results = await resultFields(
      db,
      stages.map(({ id }) => id),
      paths,
    );
    const rows = results.flatMap(({ stage_id, ordinal, fields }) => {
      const stage = byId.get(stage_id);
      if (stage === undefined) return [];
      const shard = stage.name === 'merge' ? null : ordinal;
      return [{ place: stage.ordinal, row: { round: roundOf(stage), shard, fields } }];
    });
    for (const { row } of rows.sort((a, b) => a.place - b.place)) yield row;
  }
}
