import { GANG } from '../../model/gang.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { fewestWorkers, TrainingSettings } from './settings.ts';
import { ShardChunk } from './stages.ts';

/*
 * Mode ddp: split (one part) -> initialize -> train, a gang of workers that take every step together -> merge of the
 * one model, where it is measured -> evaluate. What rounds repeat is one training here: its epochs are as many.
 */

/** What a training is split and merged by: of mode ddp it is one shard in one round, without a time for it. */
export const plannedSettings = (settings: TrainingSettings): TrainingSettings =>
  settings.mode !== 'ddp'
    ? settings
    : {
        ...settings,
        ...{ shards: 1, rounds: 1, deadlineSeconds: null, patience: null },
        ...{
          merge: 'average',
          trim: 0,
          compress: 'none',
          sparsify: null,
          weighting: 'even',
          clip: null,
          noise: 0,
        },
      };

/** How often `pilot.epochs(n)` repeats its n. */
export const repeatsOf = ({ mode, rounds }: TrainingSettings): number => (mode === 'ddp' ? rounds : 1);

/** The stage of a training's one round, as a gang. Each member gets all of the data, and takes its part by its rank. */
export const asGang = (
  stage: StagePlan,
  settings: TrainingSettings,
  data: StageInput | null | undefined,
): StagePlan => ({
  ...stage,
  requirements: [...stage.requirements, { key: GANG, op: 'oneOf', value: ['machine', 'network'] }],
  chunks: Array.from({ length: settings.workers }, (_, member) =>
    ShardChunk.parse({ round: 1, shard: 0, member, data }),
  ),
  // The first member's model is the result; the others have the same.
  quorum: { chunks: 1, afterMs: 0 },
  gang: { min: fewestWorkers(settings) },
});

/** The end of a job whose workers came to no model. */
export function withoutModel({ failed }: PlanningContext<unknown>['last']): NextStep {
  const [first] = failed;
  const why = first === undefined ? 'None of its workers came to a model.' : first.message;
  return {
    step: 'fail',
    code: first?.code ?? 'result-invalid',
    message: `The training could not be finished: ${why}`,
  };
}

/** What asks something of rounds or their merge, of which there are none here; see also privacy.ts, overlap.ts and settings.ts. */
export const OF_ROUNDS = [
  'merge',
  'outerLr',
  'outerMomentum',
  'trim',
  'compress',
  'weighting',
  'patience',
  'deadlineSeconds',
] as const satisfies (keyof TrainingSettings)[];

/** Why a job cannot be trained so, where that is known before it runs. */
export function ddpProblem(
  settings: Pick<TrainingSettings, 'mode' | 'workers' | 'minWorkers' | (typeof OF_ROUNDS)[number]>,
  modules: readonly string[],
): string | null {
  const { mode, workers, minWorkers } = settings;
  if (mode !== 'ddp') return null;
  const usual = TrainingSettings.parse({});
  const asked = OF_ROUNDS.filter((name) => settings[name] !== usual[name]);
  if (asked.length > 0)
    return `In mode ddp all workers take every step of one model together, so there are no rounds for ${asked.join(', ')}. Leave that out, or take mode rounds or diloco.`;
  if (minWorkers !== null && minWorkers > workers)
    return `The fewest workers (${minWorkers}) are more than the most (${workers}).`;
  if (!modules.includes('torch'))
    return "Mode ddp is done by torch, which the script does not import. Mode rounds trains any script's arrays.";
  return null;
}
