import { plannedSettings } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import type { LocalData } from '@parallel-pilot/shared/kinds/training/local-data.ts';
import { EvaluateSpec, TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { workerNames } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
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
    localData,
    test,
    from,
    settings: given,
  } = TrainingSpec.parse(JSON.parse(job.spec_json));
  const settings = plannedSettings(given);
  const plan = TrainingPlan.safeParse(JSON.parse(job.settings_json ?? 'null')).data;
  const standing = await standingOf(db, job.id, settings);
  const evaluated = stage.name === 'evaluate' ? EvaluateSpec.parse(JSON.parse(stage.spec_json)) : null;
  return {
    kind: 'training',
    script: script.fileName,
    data: data === null ? null : nameOf({ files: [data, ...moreData], test }),
    localData: await localOf(db, localData),
    test: test?.fileName ?? null,
    from: from === null ? null : { fileName: from.fileName, of: from.of },
    settings,
    split: plan === undefined || data === null ? null : splitOf(plan),
    round: roundOf(stage),
    metrics: evaluated?.measured?.metrics ?? standing?.metrics ?? null,
    best: standing?.best ?? null,
    delivered: evaluated?.round ?? null,
    without: standing?.without ?? null,
  };
}

export const splitOf = (plan: TrainingPlan) => ({
  rows: plan.rows,
  shards: plan.shards.map((shard) => shard.rows),
  holdout: plan.holdout?.rows ?? 0,
  classes: plan.classes?.length ?? null,
});

async function localOf(db: Db, local: LocalData | null): Promise<TrainingView['localData']> {
  if (local === null) return null;
  const names = await workerNames(db, local.workers);
  return { name: local.name, workers: local.workers.map((id) => names.get(id) ?? 'one that was removed') };
}
