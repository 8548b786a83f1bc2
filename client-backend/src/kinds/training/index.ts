import { fleetProblem } from '@parallel-pilot/shared/kinds/training/needs.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { FarmKind } from '../kind.ts';
import { gather } from './gather.ts';
import { prepare } from './prepare.ts';

const UNFINISHED = {
  outcome: 'fail',
  code: 'not-built',
  message: 'This farm cannot train yet.',
} as const;

/** The backend's part of training a model. Takes no job yet: splitting, checks and results are being built. */
export const trainingBackend: FarmKind = {
  prepare,
  gathers: ['split', 'initialize', 'train', 'merge'],
  gather,
  assemble: async () => UNFINISHED,
  stopsOnFailure: () => false,
  fleetProblem,
  async view(_parts, job) {
    const spec = TrainingSpec.parse(JSON.parse(job.spec_json));
    const plan = TrainingPlan.safeParse(JSON.parse(job.settings_json ?? 'null')).data;
    return {
      kind: 'training',
      script: spec.script.fileName,
      data: spec.data.fileName,
      settings: spec.settings,
      split:
        plan === undefined
          ? null
          : {
              rows: plan.rows,
              shards: plan.shards.map((shard) => shard.rows),
              holdout: plan.holdout?.rows ?? 0,
              classes: plan.classes?.length ?? null,
            },
      round: 0,
      metrics: null,
      best: null,
    };
  },
  images: null,
};
