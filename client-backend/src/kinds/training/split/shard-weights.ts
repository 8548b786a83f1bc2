import { requirementsOf } from '@parallel-pilot/shared/kinds/training/needs.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { unmet } from '@parallel-pilot/shared/model/requirement.ts';
import type { JobOwner } from '@parallel-pilot/shared/model/worker.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { newestStagesOfKind, resultFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { workersFor } from '../../../fleet.ts';

/** Results are read of so many rounds, the newest of the team. */
const ROUNDS = 50;
/** And of so many chunks of each worker. */
const MEASURED = 8;

/** Sizes of the shards in proportion to each other, the largest first. */
export async function shardWeights(
  db: Db,
  { weighting, shards }: Pick<TrainingSettings, 'weighting' | 'shards'>,
  modules: readonly string[],
  by: JobOwner,
): Promise<number[]> {
  const even = Array<number>(shards).fill(1);
  if (weighting === 'even') return even;
  const needs = requirementsOf(modules);
  const workers = await workersFor(db, by, (capabilities) => unmet(capabilities, needs).length === 0);
  if (workers.length === 0) return even;
  return weightsFrom(await measuredSpeeds(db, by), workers, shards);
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

/** Rows per second of the workers that have trained lately for the team. */
async function measuredSpeeds(db: Db, { team }: JobOwner): Promise<Map<WorkerId, number>> {
  const stages = await newestStagesOfKind(db, team, 'training', 'train', ROUNDS);
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
