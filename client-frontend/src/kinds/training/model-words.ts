import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { formatMeasured } from '../../components/format.ts';

type Told = Pick<TrainingView, 'round' | 'best'> & { settings: Pick<TrainingView['settings'], 'patience'> };

/** Of which round the model is that can be downloaded, and whether another was better. */
export function modelInWords({ round, best, settings }: Told): string {
  // Whoever asks for patience asks for the best model; otherwise the last round's is what was ordered.
  const of = settings.patience !== null && best !== null ? best.round : round;
  const saved = `This is the model of round ${of}, as \`pilot train\` saves it`;
  if (best === null) return `${saved}: the last one.`;
  const value = `${best.name} ${formatMeasured(best.value)}`;
  return best.round === of
    ? `${saved}: the best one, with ${value}.`
    : `${saved}: the last one. Round ${best.round} was better, with ${value}; set a patience to get the best.`;
}
