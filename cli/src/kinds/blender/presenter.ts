import type { JobProgress } from '../../report/events.ts';
import type { Presenter } from '../../report/presenter.ts';
import type { ShownJob } from '../../report/screen-model.ts';
import { leftOf, share, spinnerLine, wholeLine, workerLines } from '../../report/screen-parts.ts';
import { bytes, duration, plural } from '../../text/units.ts';

/** Renders, spoken of in frames. */
export const renderPresenter: Presenter = {
  states: {
    preparing: 'Reading the file.',
    ready: 'The job waits for its settings on the site.',
    queued: 'Waiting for a worker.',
    running: 'Rendering.',
    paused: 'The job is paused.',
    assembling: 'Putting the result together.',
    completed: 'Rendered.',
    // Failures and cancelations are said by the error that ends the command.
  },
  lines(event, every) {
    switch (event.event) {
      case 'frame.done': {
        const by = event.worker === null ? '' : ` by ${event.worker}`;
        return every ? [`Frame ${event.frame} done${by} (${event.done} of ${event.total})`] : [];
      }
      case 'frame.failed':
        return [`Frame ${event.frame} failed.`];
      case 'video.saved':
        return [`Video   ${event.path}  (${bytes(event.size)})`];
      case 'frames.saved':
        return [`Frames  ${event.folder}  (${plural(event.count, 'image')})`];
      case 'render.done':
        return [`Done in ${duration(event.seconds)}.`];
      default:
        return [];
    }
  },
  colour: ({ event }) => (event === 'frame.failed' ? 'red' : event === 'render.done' ? 'green' : null),
  screen(jobs, { now, startedAt }, look) {
    const elapsed = duration((now - startedAt) / 1_000);
    return jobs.flatMap((job) => {
      const { progress } = job;
      if (progress === null) return [];
      if (progress.state === 'preparing') {
        const reads = progress.workers.length > 0;
        const what = reads ? 'Reading the file' : 'Waiting for a worker to read the file';
        return [spinnerLine(`${what} ${elapsed}`, now, look)];
      }
      if (progress.state === 'assembling') {
        return [wholeLine('Putting together', progress.backgroundFraction ?? 0, elapsed, look)];
      }
      const right = `${framesOf(progress)} · ${elapsed}${leftOf(job, now)}`;
      return [
        wholeLine(wordOf(progress), fractionOf(job), right, look),
        ...workerLines(job.workers, now, look),
      ];
    });
  },
};

const framesOf = ({ done, total, failed }: JobProgress): string =>
  `${done}/${total} frames${failed === 0 ? '' : ` · ${failed} failed`}`;

const wordOf = ({ state }: JobProgress): string =>
  state === 'paused' ? 'Paused' : state === 'queued' ? 'Waiting' : 'Rendering';

// With what the workers are at, so that few long frames move the bar too.
function fractionOf({ progress }: ShownJob): number {
  if (progress === null) return 0;
  const under = progress.workers.reduce((sum, worker) => sum + worker.fraction, 0);
  return share(Math.min(progress.done + under, progress.total), progress.total);
}
