import type { RunEvent } from '../report/events.ts';

type Report = (event: RunEvent) => void;

/** For several jobs followed at one farm: that it does not answer is told by the first, that it does again by the last. */
export function mergeSilence(report: Report): () => Report {
  let silent = 0;
  return () => (event) => {
    if (event.event === 'server.lost' && silent++ > 0) return;
    if (event.event === 'server.back' && --silent > 0) return;
    report(event);
  };
}
