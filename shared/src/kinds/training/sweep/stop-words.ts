const PARTS = ['', '', 'half', 'third', 'quarter', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

type Stopped = {
  round: number;
  metric: string;
  value: number | null;
  best: number;
  of: number;
  reductionFactor: number;
};

/** Why a run was stopped: "Stopped by its sweep after round 2: accuracy 0.71 was not in the best third of 9." */
export function stopSentence({ round, metric, value, best, of, reductionFactor }: Stopped): string {
  const after = `Stopped by its sweep after round ${round}:`;
  if (value === null) return `${after} it reported no ${metric}.`;
  const among =
    of < reductionFactor * 2 && best === 1
      ? `the best of ${of}`
      : `in the best ${PARTS[reductionFactor]} of ${of}`;
  return `${after} ${metric} ${shown(value)} was not ${among}.`;
}

/** Four digits, as tables have them. */
const shown = (value: number): string => String(Number(value.toPrecision(4)));

/** Why a sweep compares nothing: its metric is not among what the script hands over. */
export const noMetricSentence = (metric: string | null, names: readonly string[]): string => {
  const handed = names.length === 0 ? 'nothing' : names.join(', ');
  return metric === null
    ? 'The sweep ended: the script hands nothing over to pilot.finish by which its trainings could be compared, or nothing of the data is held out to measure them on.'
    : `The sweep ended: it compares by "${metric}", and the script hands over ${handed}. Name one of these as the metric, or have pilot.finish hand it over.`;
};
