import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import { bytes, plural } from '../text/units.ts';
import type { RunEvent } from './events.ts';
import type { Presenter } from './presenter.ts';

/**
 * What stays to be read of an event, as lines; none for one that only moves a
 * bar. With `every`, for a log without bars, also each step of the way.
 */
export function eventLines(event: RunEvent, every: boolean, presenter: Presenter): string[] {
  switch (event.event) {
    case 'farm.starting':
      return every ? [`Starting a farm with ${plural(event.workers, 'worker')}.`] : [];
    case 'farm.ready':
      return [`${event.embedded ? 'Farm' : 'Using the farm'} at ${event.url}`];
    case 'farm.incident':
      return [event.message];
    case 'upload.done':
      if (event.reused) return [`The farm has ${event.file} already.`];
      return every ? [`Uploaded ${event.file} (${bytes(event.size)}).`] : [];
    case 'job.created':
      return [event.resumed ? `Going on with ${event.job}, begun earlier.` : `Job ${event.job}`];
    case 'job.state':
      return every ? [presenter.states[event.state as JobStatus] ?? ''].filter(Boolean) : [];
    case 'job.note':
      return [`${LEVELS[event.level]}${event.message}`];
    case 'server.lost':
      return every ? [`The farm at ${event.url} does not answer; waiting for it.`] : [];
    case 'server.back':
      return every ? ['The farm answers again.'] : [];
    case 'pack.progress':
    case 'upload.progress':
    case 'job.progress':
    case 'save.progress':
    case 'error':
      return [];
    default:
      return presenter.lines(event, every);
  }
}

const LEVELS = { info: 'Note: ', warning: 'Warning: ', error: 'Error: ' };

/**
 * Which of several jobs of a run an event is of, for the beginning of its
 * lines. Has to see the events in their order; '' where there is one job.
 */
export function speakers(): (event: RunEvent) => string {
  const variants = new Map<string, string>();
  return (event) => {
    if (event.event === 'job.created' && event.variant !== undefined) variants.set(event.job, event.variant);
    const variant = 'job' in event ? variants.get(event.job) : undefined;
    return variant === undefined ? '' : `${variant}: `;
  };
}
