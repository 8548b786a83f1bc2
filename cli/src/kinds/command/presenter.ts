import type { JobProgress } from '../../report/events.ts';
import type { Presenter } from '../../report/presenter.ts';
import type { ShownJob } from '../../report/screen-model.ts';
import { leftOf, share, wholeLine, workerLines } from '../../report/screen-parts.ts';
import { bytes, duration, plural } from '../../text/units.ts';
import { tableLines } from './table-lines.ts';

/** Commands, spoken of in runs. */
export const commandPresenter: Presenter = {
  states: {
    queued: 'Waiting for a worker.',
    running: 'Running.',
    paused: 'The job is paused.',
    assembling: 'Putting the result together.',
    completed: 'All runs are done.',
  },
  lines(event) {
    switch (event.event) {
      case 'results.saved':
        return [`Results  ${event.folder}  (${plural(event.files, 'file')} of ${plural(event.runs, 'run')})`];
      case 'gathered.saved': {
        const line = `Gathered ${event.path}  (${bytes(event.size)})`;
        return event.view === null ? [line] : [line, '', ...tableLines(event.view), ''];
      }
      case 'run.done':
        return [`Done in ${duration(event.seconds)}.`];
      default:
        return [];
    }
  },
  colour: ({ event }) => (event === 'run.done' ? 'green' : null),
  screen(jobs, { now, startedAt }, look) {
    const elapsed = duration((now - startedAt) / 1_000);
    return jobs.flatMap((job) => {
      const { progress } = job;
      if (progress?.command === undefined) return [];
      if (progress.state === 'assembling')
        return [wholeLine('Putting together', progress.backgroundFraction ?? 0, elapsed, look)];
      const right = `${runsOf(progress.command)} · ${elapsed}${leftOf(job, now)}`;
      return [
        wholeLine(wordOf(progress), fractionOf(job), right, look),
        ...workerLines(job.workers, now, look),
      ];
    });
  },
};

type Counts = NonNullable<JobProgress['command']>;
const runsOf = ({ done, runs, failed }: Counts): string =>
  `${done}/${plural(runs, 'run')}${failed === 0 ? '' : ` · ${failed} failed`}`;

const wordOf = ({ state }: JobProgress): string =>
  state === 'paused' ? 'Paused' : state === 'running' ? 'Running' : 'Waiting';

function fractionOf({ progress }: ShownJob): number {
  const counts = progress?.command;
  return counts === undefined ? 0 : share(counts.done, counts.runs);
}
