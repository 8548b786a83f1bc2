import { plannedSettings } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import { EvaluateSpec, TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import { nameOf } from './data/data-file.ts';
import { standingOf } from './rounds/best.ts';
import { roundOf } from './rounds/round-stages.ts';

/** What the job page shows of a training. */
export async function viewTraining({ db }: Parts, job: JobRow, stage: StageRow): Promise<TrainingView> {
  const {
    script,
    data,
    moreData,
    test,
    from,
    settings: given,
  } = TrainingSpec.parse(JSON.parse(job.spec_json));
  const settings = plannedSettings(given);
  const plan = TrainingPlan.safeParse(JSON.parse(job.settings_json ?? 'null')).data;
  const standing = await standingOf(db, job.id, settings);
  return {
    kind: 'training',
    script: script.fileName,
    data: data === null ? null : nameOf({ files: [data, ...moreData], test }),
    test: test?.fileName ?? null,
    from: from === null ? null : { fileName: from.fileName, of: from.of },
    settings,
    split: plan === undefined || data === null ? null : splitOf(plan),
    round: roundOf(stage),
    metrics: standing?.metrics ?? null,
    best: standing?.best ?? null,
    delivered: stage.name === 'evaluate' ? EvaluateSpec.parse(JSON.parse(stage.spec_json)).round : null,
    without: standing?.without ?? null,
  };
}

export const splitOf = (plan: TrainingPlan) => ({
  rows: plan.rows,
  shards: plan.shards.map((shard) => shard.rows),
  holdout: plan.holdout?.rows ?? 0,
  classes: plan.classes?.length ?? null,
});
