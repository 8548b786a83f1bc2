import type { StageInput } from '../../protocol/workers.ts';
import type { Note } from '../kind.ts';
import type { TrainingSettings } from './settings.ts';
import type { Metrics, RoundState, TrainingPlan } from './stages.ts';

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

/** What is known after a round was merged to these weights. */
export function judge(
  state: RoundState,
  round: number,
  metrics: Record<string, number>,
  weights: StageInput,
  { settings }: TrainingPlan,
): Omit<RoundState, 'momentum'> {
  const { best, stale, lossy } = state;
  const judged = judgedMetric(metrics, settings, best?.name);
  // As long as nothing was measured there is nothing that grows no better.
  if (judged === null) return { best, stale: best === null ? 0 : stale + 1, lossy };
  const { name, value } = judged;
  return best === null || isBetter(value, best.value, judged.goal)
    ? { best: { round, name, value, weights }, stale: 0, lossy }
    : { best, stale: stale + 1, lossy };
}

/** That patience has nothing to look at: told after the first round, when there is time left to start anew. */
export function unjudged(
  { settings, holdout }: TrainingPlan,
  round: number,
  { best }: Pick<RoundState, 'best'>,
): Note[] {
  if (settings.patience === null || round > 1 || best !== null) return [];
  const metric = settings.metric === null ? 'metric' : `metric "${settings.metric}"`;
  const why =
    holdout === null
      ? 'nothing of the data is held out to measure the merged model on'
      : `the script handed no ${metric} to pilot.finish for the merged model`;
  const message = `Patience cannot end this training, so that all rounds will run: ${why}.`;
  return [{ level: 'warning', code: 'nothing-judged', message }];
}
