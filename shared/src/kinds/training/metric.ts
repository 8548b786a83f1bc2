import type { TrainingSettings } from './settings.ts';
import type { Metrics } from './stages.ts';

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

const SMALLER_IS_BETTER = /loss|err|mse|mae|rmse|perplexity|nll|cost/i;

export const isBetter = (value: number, than: number, goal: 'max' | 'min'): boolean =>
  goal === 'max' ? value > than : value < than;
