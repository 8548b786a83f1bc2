import type { StagePlan } from '@parallel-pilot/shared/kinds/kind.ts';
import { judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { MergeResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { rungsOf } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findJob, type JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { addReport, findSweep, holdMember, sweepOfJob } from '@parallel-pilot/shared/server/db/sweeps.ts';
import { roundOf } from '../rounds/round-stages.ts';
import { searchOf } from './stored-sweep.ts';

/**
 * Writes down what a training of a sweep came to, where the round that was merged is a rung, and has it held there.
 * In the transaction that plans the round after it: either both are true or none.
 */
export async function heldAtRung(
  db: Db,
  { job, stage, next }: { job: JobHead; stage: StageRow; next: StagePlan },
): Promise<boolean> {
  if (job.group_id === null || stage.name !== 'merge' || next.name !== 'train') return false;
  const of = await sweepOfJob(db, job.id);
  const sweep = of === null ? undefined : await findSweep(db, of);
  const row = sweep === undefined ? undefined : await findJob(db, job.id);
  if (sweep === undefined || row === undefined) return false;
  const { settings } = TrainingSpec.parse(JSON.parse(row.spec_json));
  const round = roundOf(stage);
  const rung = rungsOf(searchOf(sweep), settings.rounds).indexOf(round);
  if (rung === -1) return false;
  const merged = await doneChunk(db, stage.id, 0);
  const metrics = MergeResult.parse(JSON.parse(merged?.result_json ?? 'null')).metrics ?? {};
  const report = {
    job_id: job.id,
    rung,
    iteration: round,
    value: judgedMetric(metrics, settings)?.value ?? null,
    metrics_json: JSON.stringify(metrics),
  };
  // Of a round that is done once more the first word counts.
  if (!(await addReport(db, report))) return false;
  await holdMember(db, job.id, 'rung');
  return true;
}
