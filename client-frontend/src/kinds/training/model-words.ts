import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { formatMeasured } from '../../components/format.ts';

type Told = Pick<TrainingView, 'round' | 'best' | 'delivered'>;

/** Of which rounds the models are that can be downloaded: the best first, the last second. */
export function modelInWords({ round, best, delivered }: Told): string {
  const of = delivered ?? best?.round ?? round;
  const saved = `model.npz is of round ${of}`;
  if (best === null) return `${saved}, the last one. That is what “pilot train” saves.`;
  const value = `${best.name} ${formatMeasured(best.value)}`;
  // Older farms handed out the last round's.
  if (best.round !== of)
    return `${saved}, the last one. Round ${best.round} was better, with ${value}: its model is in the table of rounds.`;
  if (of === round)
    return `${saved}, the last and the best one, with ${value}. That is what “pilot train” saves.`;
  return `${saved}, the best one, with ${value}; model-last.npz is of round ${round}, the last. “pilot train” saves both.`;
}
