import type { JobProgress } from '../../report/events.ts';
import type { Presenter } from '../../report/presenter.ts';
import type { SeenWorker, ShownJob } from '../../report/screen-model.ts';
import { type Look, leftOf, paint, spinnerLine, wholeLine, workerLines } from '../../report/screen-parts.ts';
import { fit } from '../../text/columns.ts';
import { bytes, duration, figure, figures, plural } from '../../text/units.ts';
import type { TrainingProgress } from './events.ts';

/** Trainings, spoken of in rounds and shards. */
export const trainPresenter: Presenter = {
  // Between two rounds a training is queued for a moment each time: its steps say more than its states.
  states: { paused: 'The job is paused.', assembling: 'Putting the result together.' },
  lines(event, every) {
    switch (event.event) {
      case 'train.step':
        return every ? [stepLine(event.step, event)] : [];
      case 'round.done': {
        const of = event.held_out ? '' : ' on the shards';
        const missing = event.shards_done < event.shards;
        const shards = missing ? [`${event.shards_done} of ${plural(event.shards, 'shard')}`] : [];
        const sent = event.bytes_sent === null ? [] : [`${bytes(event.bytes_sent)} sent`];
        const early = (event.bytes_early ?? 0) === 0 ? [] : [`${bytes(event.bytes_early ?? 0)} of it early`];
        const took = [
          ...shards,
          ...sent,
          ...early,
          ...(event.seconds === null ? [] : [duration(event.seconds)]),
        ];
        const what = figures(event.metrics);
        const line = `Round ${event.round} of ${event.rounds}${what && `: ${what}${of}`}`;
        return every ? [took.length === 0 ? line : `${line} (${took.join(', ')})`] : [];
      }
      case 'train.over':
        if (event.without === null) return every ? ['Trained.'] : [];
        return [`Trained ${event.without}`];
      case 'model.saved':
        return [
          `Model    ${event.path}  (${bytes(event.size)})${event.round === null ? '' : `, of round ${event.round}${event.best ? ', the best' : ''}`}`,
          ...(event.last === null ? [] : [`Last     ${event.last}`]),
        ];
      case 'round.saved': {
        const of = `round ${event.round} of ${event.rounds}${event.best ? ', the best so far' : ''}`;
        const told = event.metrics === null ? '' : `: ${figures(event.metrics)}`;
        return [`Model    ${event.path}  (${bytes(event.size)}), of ${of}${told}`];
      }
      case 'files.saved':
        return [`Files    ${event.folder}  (${event.files.join(', ')})`];
      case 'train.done':
        return [
          ...(event.metrics === null ? [] : [`Metrics  ${figures(event.metrics)}`]),
          `Done in ${duration(event.seconds)}.`,
        ];
      default:
        return [];
    }
  },
  colour: (event) =>
    event.event === 'train.done'
      ? 'green'
      : event.event === 'train.over' && event.without !== null
        ? 'red'
        : null,
  screen: (jobs, times, look) => jobs.flatMap((job) => jobScreen(job, times, look)),
};

const stepLine = (step: string, { rounds, shards }: { rounds: number; shards: number }): string =>
  ({
    split: 'Splitting the data.',
    environment: 'Installing the packages that the script asks for.',
    initialize: 'Making the first weights.',
    rounds: `Training ${plural(rounds, 'round')} over ${plural(shards, 'shard')}.`,
    evaluate: 'Measuring the model.',
  })[step] ?? '';

function jobScreen(
  job: ShownJob,
  { now, startedAt }: { now: number; startedAt: number },
  look: Look,
): string[] {
  const { progress } = job;
  if (progress?.training === undefined) return [];
  const elapsed = duration((now - startedAt) / 1_000);
  if (progress.state === 'assembling')
    return [wholeLine('Putting together', progress.backgroundFraction ?? 0, elapsed, look)];
  const { training, fraction } = progress;
  const measured = measuredLine(training, look);
  // The line above says the round; where it is narrow the figures need the room.
  const workers = look.width >= 100 ? job.workers : job.workers.map(withoutRound);
  const below = [...workerLines(workers, now, { ...look, rows: Math.max(1, look.rows - 1) }), ...measured];
  switch (progress.stage) {
    case 'split':
      return [
        progress.backgroundFraction === null
          ? spinnerLine(`Splitting the data … ${elapsed}`, now, look)
          : wholeLine('Splitting', progress.backgroundFraction, elapsed, look),
      ];
    case 'environment':
      return [spinnerLine(`${installing(progress)} … ${elapsed}`, now, look)];
    case 'initialize':
      return [spinnerLine(`${beginning(progress)} … ${elapsed}`, now, look)];
    case 'measure':
    case 'evaluate':
      return [spinnerLine(`Measuring the model … ${elapsed}`, now, look), ...measured];
    default: {
      const right = `round ${training.round}/${training.rounds} · ${elapsed}${leftOf(job, now)}`;
      return [
        wholeLine(progress.state === 'paused' ? 'Paused' : 'Training', fraction, right, look),
        ...below,
      ];
    }
  }
}

const installing = ({ workers }: JobProgress): string =>
  workers.length > 0 ? 'Installing packages' : 'Waiting for a worker to install packages';

const beginning = ({ workers }: JobProgress): string =>
  workers.length > 0 ? 'Making the first weights' : 'Waiting for a worker to make the first weights';

const withoutRound = ({ last, ...worker }: SeenWorker): SeenWorker => ({
  ...worker,
  last: { ...last, label: last.label.replace(/^Round \d+, s/, 'S') },
});

/** The newest merged model and the best one; none before the first. */
function measuredLine({ metrics, best }: TrainingProgress, look: Look): string[] {
  if (metrics === null) return [];
  const top = best === null ? '' : ` · best ${best.name} ${figure(best.value)} in round ${best.round}`;
  // What is best has to be read whole; of many metrics the last may be cut.
  const room = look.width - top.length;
  const newest = `  Model  ${figures(metrics)}`;
  if (room < 20) return [fit(newest, look.width)];
  return [`${fit(newest, room)}${paint('dim', top, look)}`];
}
