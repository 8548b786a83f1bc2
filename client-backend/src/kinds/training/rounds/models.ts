import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { WhichRound } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { filesOfStages } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { iterationsOf } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import { standingOf } from './best.ts';

const Files = z.array(ResultFile);

/** The merged models that these stages made and nobody freed. */
export async function modelsOf(db: Db, merges: StageId[]): Promise<Map<StageId, ResultFile>> {
  const models = new Map<StageId, ResultFile>();
  for (const { stage_id, files_json } of await filesOfStages(db, merges)) {
    const files = Files.safeParse(JSON.parse(files_json)).data ?? [];
    const model = files.find((file) => file.name === FILES.weights);
    if (model !== undefined) models.set(stage_id, model);
  }
  return models;
}

/** The merged and checked model of a round; null where there is none, or where it was not kept. */
export async function modelOfRound(db: Db, job: JobId, round: number): Promise<ResultFile | null> {
  const [merge] = await iterationsOf(db, job, 'merge', { after: round - 1, limit: 1 });
  if (merge === undefined || merge.closed_at === null) return null;
  return (await modelsOf(db, [merge.id])).get(merge.id) ?? null;
}

/** The number of the round that is meant; null where nothing is merged, or measured, yet. */
export async function numberOf(db: Db, job: JobId, which: WhichRound): Promise<number | null> {
  if (typeof which === 'number') return which;
  const row = await findJob(db, job);
  if (row === undefined) return null;
  const { settings } = TrainingSpec.parse(JSON.parse(row.spec_json));
  const standing = await standingOf(db, job, settings);
  return (which === 'best' ? standing?.best?.round : standing?.round) ?? null;
}
