import type { StageInput } from '../../protocol/workers.ts';
import type { TrainingSettings } from './settings.ts';
import type { Metrics, RoundState, TrainingPlan } from './stages.ts';

/** The metric that says how good a merged model is, and whether more of it is better; null when nothing was measured. */
export function judgedMetric(
  metrics: Metrics,
  { metric, goal }: Pick<TrainingSettings, 'metric' | 'goal'>,
): { name: string; value: number; goal: 'max' | 'min' } | null {
  const name = metric ?? ('accuracy' in metrics ? 'accuracy' : Object.keys(metrics)[0]);
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

/** What is known after a round was merged to these weights. */
export function judge(
  state: RoundState,
  round: number,
  metrics: Record<string, number>,
  weights: StageInput,
  { settings }: TrainingPlan,
): Omit<RoundState, 'momentum'> {
  const { best, stale, framework, lossy } = state;
  const judged = judgedMetric(metrics, settings);
  const better = judged !== null && (best === null || isBetter(judged.value, best.value, judged.goal));
  return better
    ? { best: { round, value: judged.value, weights }, stale: 0, framework, lossy }
    : { best, stale: stale + 1, framework, lossy };
}
