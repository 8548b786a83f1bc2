import type { Note } from '../kind.ts';
import type { Metrics } from './metrics.ts';
import type { TrainingSettings } from './settings.ts';
import type { Best, RoundState, TrainingPlan } from './stages.ts';

/**
 * The metric that says how good a merged model is, and whether more of it is better; null when it was not
 * measured. `before`: the metric that was looked at in the rounds before, where there is one.
 */
export function judgedMetric(
  metrics: Metrics,
  { metric, goal }: Pick<TrainingSettings, 'metric' | 'goal'>,
  before: string | null = null,
): { name: string; value: number; goal: 'max' | 'min' } | null {
  const name = metric ?? before ?? ('accuracy' in metrics ? 'accuracy' : Object.keys(metrics)[0]);
  const value = name === undefined ? undefined : metrics[name];
  if (name === undefined || value === undefined) return null;
  return { name, value, goal: goal ?? (SMALLER_IS_BETTER.test(name) ? 'min' : 'max') };
}

/** The mean of each metric over the results that have it, weighted by their samples. */
export function weightedMetrics(results: readonly { samples: number; metrics: Metrics }[]): Metrics {
  const sums = new Map<string, { sum: number; samples: number }>();
  for (const { samples, metrics } of results) {
    for (const [name, value] of Object.entries(metrics)) {
      const { sum, samples: before } = sums.get(name) ?? { sum: 0, samples: 0 };
      sums.set(name, { sum: sum + value * samples, samples: before + samples });
    }
  }
  // Beyond the largest number there is nothing to show, and JSON has no word for it.
  const means = [...sums].map(([name, { sum, samples }]) => [name, sum / samples] as const);
  return Object.fromEntries(means.filter(([, mean]) => Number.isFinite(mean)));
}

const SMALLER_IS_BETTER = /loss|err|mse|mae|rmse|perplexity|nll|cost/i;

export const isBetter = (value: number, than: number, goal: 'max' | 'min'): boolean =>
  goal === 'max' ? value > than : value < than;

/** What is known after a round was merged to this model. */
export function judge(
  state: RoundState,
  merged: Pick<Best, 'round' | 'weights' | 'stage'>,
  metrics: Record<string, number>,
  { settings }: TrainingPlan,
): Omit<RoundState, 'momentum' | 'shared'> {
  const { momentum: _, shared: __, best, roundsWithoutImprovement, ...kept } = state;
  const judged = judgedMetric(metrics, settings, best?.name);
  // As long as nothing was measured there is nothing that grows no better.
  if (judged === null)
    return { ...kept, best, roundsWithoutImprovement: best === null ? 0 : roundsWithoutImprovement + 1 };
  const { name, value } = judged;
  return best === null || isBetter(value, best.value, judged.goal)
    ? { ...kept, best: { ...merged, name, value }, roundsWithoutImprovement: 0 }
    : { ...kept, best, roundsWithoutImprovement: roundsWithoutImprovement + 1 };
}

/** That nothing says which round is best: told after the first, when there is time left to start anew. */
export function unjudged(
  { settings, holdout, shards }: TrainingPlan,
  round: number,
  { best }: Pick<RoundState, 'best'>,
  metrics: Metrics,
  local: boolean,
): Note[] {
  const { patience, metric } = settings;
  if ((patience === null && metric === null) || round > 1 || best !== null) return [];
  const came = Object.keys(metrics);
  const others = came.length === 0 ? '' : `; it hands over ${came.join(', ')}`;
  const unmeasured = local
    ? 'the shards measure the merged model on their own data at the end alone, and no test file was given to measure each round on'
    : 'nothing of the data is held out to measure the merged model on';
  const why =
    holdout === null && (local || shards.some(({ input }) => input !== null))
      ? unmeasured
      : `the script handed no ${metric === null ? 'metric' : `metric "${metric}"`} to pilot.finish for the merged model${others}`;
  const what =
    patience === null
      ? 'No round will be the best'
      : 'Patience cannot end this training, so that all rounds will run';
  return [{ level: 'warning', code: 'nothing-judged', message: `${what}: ${why}.` }];
}
