import { printableJson } from '@parallel-pilot/shared/model/printable.ts';
import { eventLines, speakers } from './event-lines.ts';
import { type Reporter, RunEvent } from './events.ts';
import type { Presenter } from './presenter.ts';

type Write = (text: string) => void;

/** Lines for a log, a pipe or a CI job. */
export function lineReporter(write: Write, presenter: Presenter): Reporter {
  const speakerOf = speakers();
  return {
    report(event) {
      const speaker = speakerOf(event);
      for (const line of eventLines(event, true, presenter)) write(`${speaker}${line}\n`);
    },
    close() {},
  };
}

const SELDOM = new Set<RunEvent['event']>([
  'job.progress',
  'pack.progress',
  'upload.progress',
  'save.progress',
]);

/** One JSON object a line; each kind of progress at most once a second, for each job its own. */
export function jsonReporter(write: Write, clock: () => number): Reporter {
  const reportedAt = new Map<string, number>();
  return {
    report(event) {
      const now = clock();
      if (SELDOM.has(event.event)) {
        const key = `${event.event} ${'job' in event ? event.job : ''}`;
        if (now - (reportedAt.get(key) ?? Number.NEGATIVE_INFINITY) < 1_000) return;
        reportedAt.set(key, now);
      }
      const line = { time: new Date(now).toISOString(), ...RunEvent.parse(event) };
      write(`${printableJson(JSON.stringify(line))}\n`);
    },
    close() {},
  };
}
