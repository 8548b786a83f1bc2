import { bytes, duration, plural } from '../text/units.ts';
import type { RenderEvent } from './events.ts';

/**
 * What stays to be read of an event, as lines; none for one that only moves a
 * bar. With `every`, for a log without bars, also each step of the way.
 */
export function toldLines(event: RenderEvent, every: boolean): string[] {
  switch (event.event) {
    case 'farm.starting':
      return every ? [`Starting a farm with ${plural(event.workers, 'worker')}.`] : [];
    case 'farm.ready':
      return [`${event.embedded ? 'Farm' : 'Using the farm'} at ${event.url}`];
    case 'farm.incident':
      return [event.message];
    case 'upload.done':
      return [
        event.reused ? 'The farm has this file already.' : every ? `Uploaded ${bytes(event.size)}.` : '',
      ].filter(Boolean);
    case 'job.created':
      return [event.resumed ? `Going on with ${event.job}, begun earlier.` : `Job ${event.job}`];
    case 'job.state':
      return every ? [STATES[event.state] ?? `The job is ${event.state}.`].filter(Boolean) : [];
    case 'job.note':
      return [`${LEVELS[event.level]}${event.message}`];
    case 'frame.done': {
      const by = event.worker === null ? '' : ` by ${event.worker}`;
      return every ? [`Frame ${event.frame} done${by} (${event.done} of ${event.total})`] : [];
    }
    case 'frame.failed':
      return [`Frame ${event.frame} failed.`];
    case 'server.lost':
      return every ? [`The farm at ${event.url} does not answer; waiting for it.`] : [];
    case 'server.back':
      return every ? ['The farm answers again.'] : [];
    case 'video.saved':
      return [`Video   ${event.path}  (${bytes(event.size)})`];
    case 'frames.saved':
      return [`Frames  ${event.folder}  (${plural(event.count, 'image')})`];
    case 'render.done':
      return [`Done in ${duration(event.seconds)}.`];
    case 'upload.progress':
    case 'job.progress':
    case 'save.progress':
    case 'error':
      return [];
    default:
      return event satisfies never;
  }
}

const LEVELS = { info: 'Note: ', warning: 'Warning: ', error: 'Error: ' };

const STATES: Record<string, string> = {
  probing: 'Reading the file.',
  ready: 'The job waits for its settings on the site.',
  queued: 'Waiting for a worker.',
  running: 'Rendering.',
  paused: 'The job is paused.',
  stitching: 'Putting the result together.',
  completed: 'Rendered.',
  // Said by the error that ends the command.
  failed: '',
  canceled: '',
};
