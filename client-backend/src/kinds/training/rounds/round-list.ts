import { weightedMetrics } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { MergeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { resultFields, specFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { iterationsOf, newestStage, type TimedStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import { modelsOf, numberOf } from './models.ts';
import { roundOf } from './round-stages.ts';

type Round = RoundList['rounds'][number];

/** Rounds in their order, in at most a dozen queries: what the shards of a round came to was summed up for its merge. */
export async function roundList(
  db: Db,
  job: JobId,
  page: { after: number; limit: number },
): Promise<RoundList> {
  const trains = await iterationsOf(db, job, 'train', page);
  const merges = new Map(
    (await iterationsOf(db, job, 'merge', page)).map((stage) => [roundOf(stage), stage]),
  );
  const ids = [...merges.values()].map((stage) => stage.id);
  const specs = await specFields(db, ids, {
    missing: '$.missing',
    shardMetrics: '$.shardMetrics',
    bytes: '$.bytes',
  });
  const results = await resultFields(db, ids, { metrics: '$.metrics' });
  const merged = new Map(results.map((row) => [row.stage_id, row.fields.metrics]));
  const models = await modelsOf(db, ids);
  const best = await numberOf(db, job, 'best');
  const open = await openRounds(
    db,
    trains.filter((stage) => !merges.has(roundOf(stage))),
  );
  const rounds = trains.map((train): Round => {
    const merge = merges.get(roundOf(train));
    const common = {
      round: roundOf(train),
      shards: train.chunk_count,
      startedAt: train.planned_at,
      bytes: null,
    };
    if (merge === undefined) {
      const now = open.get(train.id) ?? { shardsDone: 0, shardMetrics: {} };
      return { ...common, ...now, state: 'training', metrics: null, seconds: null, model: null, best: false };
    }
    const spec = MergeFields.parse(specs.get(merge.id));
    const over = merge.closed_at !== null;
    const model = models.get(merge.id);
    return {
      ...common,
      state: over ? 'done' : 'merging',
      shardsDone: train.chunk_count - spec.missing.length,
      metrics: over ? Metrics.nullable().parse(merged.get(merge.id) ?? null) : null,
      shardMetrics: spec.shardMetrics,
      bytes: spec.bytes ?? null,
      // Before it is checked nobody gets it.
      model: over && model !== undefined ? { size: model.size } : null,
      best: best === roundOf(train),
      seconds: merge.closed_at === null ? null : (merge.closed_at - train.planned_at) / 1_000,
    };
  });
  const newest = await newestStage(db, job);
  return { rounds, total: newest === undefined ? 0 : roundOf(newest) };
}

const MergeFields = z.object({
  missing: z.array(z.number()),
  shardMetrics: Metrics,
  bytes: MergeSpec.shape.bytes,
});
const Trained = z.object({ samples: z.number(), metrics: Metrics });

type OpenRound = Pick<Round, 'shardsDone' | 'shardMetrics'>;

/** Of the round that is being trained, which is one at most. */
async function openRounds(db: Db, stages: TimedStage[]): Promise<Map<StageId, OpenRound>> {
  const ids = stages.slice(-1).map((stage) => stage.id);
  const counts = await countChunks(db, ids);
  const results = await resultFields(db, ids, { samples: '$.samples', metrics: '$.metrics' });
  return new Map(
    ids.map((id) => {
      // A report that is not what it must be is found by the check of the round.
      const trained = results.flatMap(({ fields }) => Trained.safeParse(fields).data ?? []);
      return [id, { shardsDone: counts.get(id)?.done ?? 0, shardMetrics: weightedMetrics(trained) }];
    }),
  );
}
