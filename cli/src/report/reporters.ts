import { RenderEvent, type Reporter } from './events.ts';
import { toldLines } from './told-lines.ts';

type Write = (text: string) => void;

/** Lines for a log, a pipe or a CI job. */
export const lineReporter = (write: Write): Reporter => ({
  report: (event) => {
    for (const line of toldLines(event, true)) write(`${line}\n`);
  },
  close() {},
});

const SELDOM = new Set<RenderEvent['event']>(['job.progress', 'upload.progress', 'save.progress']);

/** One JSON object a line; each kind of progress at most once a second. */
export function jsonReporter(write: Write, clock: () => number): Reporter {
  const toldAt = new Map<string, number>();
  return {
    report(event) {
      const now = clock();
      if (SELDOM.has(event.event)) {
        if (now - (toldAt.get(event.event) ?? Number.NEGATIVE_INFINITY) < 1_000) return;
        toldAt.set(event.event, now);
      }
      write(`${JSON.stringify({ time: new Date(now).toISOString(), ...RenderEvent.parse(event) })}\n`);
    },
    close() {},
  };
}
