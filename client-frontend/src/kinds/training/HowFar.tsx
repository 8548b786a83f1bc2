import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { Bar } from '../../components/Bar.tsx';
import { formatCount, formatMeasured, plural } from '../../components/format.ts';
import { Overall } from '../../job/Overall.tsx';
import { shownNames } from './curve-points.ts';
import { modelUrl } from './model-url.ts';
import classes from './Training.module.css';
import { trainingOf } from './training-job.ts';

/** How far a training is, and how good its model. */
export function HowFar({ job }: { job: JobDetail }) {
  const { round, settings, metrics, best } = trainingOf(job);
  const values = metrics ?? {};
  const goal = best === null ? null : judgedMetric({ [best.name]: best.value }, settings, best.name)?.goal;
  const names = shownNames(Object.keys(values));
  return (
    <Overall
      job={job}
      fraction={job.fraction}
      bar={<Bar label="Whole job" fraction={job.fraction} height={14} />}
      counted={countedOf(job)}
      measuring={STARTING[job.stage] ?? 'Measuring the first round'}
      assembling="Putting the model together"
    >
      {names.length > 0 && (
        <dl className={classes.figures}>
          {names.slice(0, 4).map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{formatMeasured(values[name] ?? 0)}</dd>
            </div>
          ))}
        </dl>
      )}
      {best !== null && (
        <p className={classes.best}>
          Best {best.name} ({goal === 'max' ? 'highest' : 'lowest'}) <b>{formatMeasured(best.value)}</b> in
          round {formatCount(best.round)}
        </p>
      )}
      {(best !== null || metrics !== null || round > 1) && (
        <p className={classes.best}>
          {isOver(job.state) ? 'Models' : 'Models so far'}:{' '}
          {best !== null && <a href={modelUrl(job.id, 'best')}>best</a>}
          {best !== null && ', '}
          <a href={modelUrl(job.id, 'last')}>last</a>
        </p>
      )}
    </Overall>
  );
}

/** One that has ended before its last round is not on its way to it. */
function countedOf(job: JobDetail): string {
  const { round, settings, delivered } = trainingOf(job);
  if (round === 0) return plural(settings.rounds, 'round');
  const at = `${formatCount(round)} of ${formatCount(settings.rounds)}`;
  if (round < settings.rounds && delivered !== null) return `Stopped early, after round ${at}`;
  return round < settings.rounds && isOver(job.state) ? `Ended in round ${at}` : `Round ${at}`;
}

const STARTING: Partial<Record<string, string>> = {
  split: 'Splitting the data',
  environment: 'Installing packages',
  initialize: 'Making the first weights',
};
