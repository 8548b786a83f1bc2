import { requirementsOf } from '@parallel-pilot/shared/kinds/training/needs.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { Capabilities, unmet } from '@parallel-pilot/shared/model/requirement.ts';
import { onlineWorkers } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { newestStagesOfKind, resultFields } from '@parallel-pilot/shared/server/db/result-reads.ts';

/** Results are read of so many rounds, the newest of the farm. */
const ROUNDS = 50;
/** And of so many chunks of each worker. */
const MEASURED = 8;

/** Sizes of the shards in proportion to each other, the largest first. */
export async function shardWeights(
  db: Db,
  { weighting, shards }: Pick<TrainingSettings, 'weighting' | 'shards'>,
  modules: readonly string[],
): Promise<number[]> {
  const even = Array<number>(shards).fill(1);
  if (weighting === 'even') return even;
  const workers = (await onlineWorkers(db))
    .filter(
      (row) =>
        unmet(Capabilities.parse(JSON.parse(row.capabilities_json)), requirementsOf(modules)).length === 0,
    )
    .map((row) => row.id);
  if (workers.length === 0) return even;
  return weightsFrom(await measuredSpeeds(db), workers, shards);
}

/** The speeds of the fastest workers in turns; one that is unknown is taken for an average one. */
export function weightsFrom(
  speeds: ReadonlyMap<WorkerId, number>,
  workers: readonly WorkerId[],
  shards: number,
): number[] {
  const known = workers.flatMap((worker) => speeds.get(worker) ?? []);
  if (known.length === 0) return Array<number>(shards).fill(1);
  const average = known.reduce((sum, speed) => sum + speed, 0) / known.length;
  const fastest = workers.map((worker) => speeds.get(worker) ?? average).sort((a, b) => b - a);
  const weights = Array.from({ length: shards }, (_, shard) => fastest[shard % fastest.length] as number);
  return weights.sort((a, b) => b - a);
}

/** Rows per second of the workers that have trained lately. */
async function measuredSpeeds(db: Db): Promise<Map<WorkerId, number>> {
  const stages = await newestStagesOfKind(db, 'training', 'train', ROUNDS);
  const rows = await resultFields(db, stages, { samples: '$.samples', seconds: '$.seconds' });
  const measured = new Map<WorkerId, { samples: number; seconds: number; chunks: number }>();
  for (const row of rows.sort((a, b) => (b.finished_at ?? 0) - (a.finished_at ?? 0))) {
    const { samples, seconds } = row.fields;
    if (row.worker_id === null || typeof samples !== 'number' || typeof seconds !== 'number') continue;
    const of = measured.get(row.worker_id) ?? { samples: 0, seconds: 0, chunks: 0 };
    if (of.chunks === MEASURED) continue;
    measured.set(row.worker_id, {
      samples: of.samples + samples,
      seconds: of.seconds + seconds,
      chunks: of.chunks + 1,
    });
  }
  const speeds = [...measured].filter(([, { seconds, samples }]) => seconds > 0 && samples > 0);
  return new Map(speeds.map(([worker, { samples, seconds }]) => [worker, samples / seconds]));
}
