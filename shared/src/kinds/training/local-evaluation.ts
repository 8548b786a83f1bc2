import type { NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { type LocalData, pinned } from './local-data.ts';
import { weightedMetrics } from './metric.ts';
import { closing } from './settings.ts';
import { affinityOf, scriptInputs, scriptNeeds } from './stage-parts.ts';
import { EvaluateResult, EvaluateSpec, MeasureChunk, RoundChunk, TrainingPlan } from './stages.ts';
import type { TrainingSpec } from './stored-spec.ts';

/*
 * Federated evaluation: where only the shards have data, each of them measures the model on its own, in a stage before
 * the last one. What they came to stands in the spec of that; the script is not run in it again.
 */

export const MEASURE = 'measure';

/** The stage in place of `evaluate`, planned alike. It may go on without some of its shards, as a round may. */
export const asMeasure = (
  evaluate: StagePlan,
  { settings, shards }: TrainingPlan,
  local: LocalData,
): StagePlan => {
  const { round } = EvaluateSpec.parse(evaluate.spec);
  const chunks = shards.map((_, shard) => MeasureChunk.parse({ round, shard }));
  const stage = { ...evaluate, name: MEASURE, chunks, ...closing(settings, shards.length) };
  return pinned(stage, local, [...shards.keys()]);
};

export function afterMeasure({ spec, decided, last }: PlanningContext<TrainingSpec>): NextStep {
  const [failed] = last.failed;
  if (last.done.length === 0)
    return {
      step: 'fail',
      code: failed?.code ?? 'shards-missing',
      message: failed?.message ?? 'None of the shards measured the model.',
    };
  const results = last.done.map(({ result }) => EvaluateResult.parse(result));
  const measured = weightedMetrics(
    results.flatMap(({ metrics, samples }) => (metrics === null ? [] : [{ metrics, samples: samples ?? 1 }])),
  );
  const plan = TrainingPlan.parse(decided);
  const of = EvaluateSpec.parse(last.spec);
  if (of.model === null) throw new Error('a model is measured that nobody named');
  const { model, round } = of;
  const missing = last.total - last.done.length;
  return {
    step: 'stage',
    stage: {
      name: 'evaluate',
      spec: EvaluateSpec.parse({ ...of, measured: { metrics: measured, stage: last.id } }),
      chunks: [RoundChunk.parse({ round })],
      inputs: [...scriptInputs(spec, plan), model],
      requirements: scriptNeeds(spec, plan.environment),
      affinity: affinityOf(spec),
      span: { from: 1, to: 1 },
      iteration: round,
    },
    notes:
      missing === 0
        ? []
        : [
            {
              level: 'warning',
              code: 'shards-lost',
              message: `The model was measured without ${missing} of ${last.total} shards${failed === undefined ? ', which were late.' : `: ${failed.message}`}`,
            },
          ],
  };
}
