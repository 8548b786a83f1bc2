import { isBetter, judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { withoutWords } from '@parallel-pilot/shared/kinds/training/missing-shards.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { MergeResult, MergeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { newestClosedStage } from '@parallel-pilot/shared/server/db/stages.ts';

export type Standing = Pick<TrainingView, 'round' | 'metrics' | 'best' | 'without'>;

/** The newest merged model that was checked, and the best one so far; null before the first merge. */
export async function standingOf(db: Db, job: JobId, settings: TrainingSettings): Promise<Standing | null> {
  const stage = await newestClosedStage(db, job, 'merge');
  const done = stage === undefined ? undefined : await doneChunk(db, stage.id, 0);
  if (stage === undefined || done === undefined) return null;
  const { context, state } = MergeSpec.parse(JSON.parse(stage.spec_json));
  const { metrics } = MergeResult.parse(JSON.parse(done.result_json ?? 'null'));
  const { round } = context;
  const without = withoutWords(state.missingShards, { shards: context.shards, rounds: round });
  const before = state.best;
  const judged = judgedMetric(metrics ?? {}, settings, before?.name);
  if (judged !== null && (before === null || isBetter(judged.value, before.value, judged.goal))) {
    return { round, metrics, best: { round, name: judged.name, value: judged.value }, without };
  }
  const best = before === null ? null : { round: before.round, name: before.name, value: before.value };
  return { round, metrics, best, without };
}
