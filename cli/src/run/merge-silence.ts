import type { RunEvent } from '../report/events.ts';

type Report = (event: RunEvent) => void;

/** For several jobs followed at one farm: the first follower reports that it does not answer, the last that it answers again. */
export function mergeSilence(report: Report): () => Report {
  let silent = 0;
  return () => (event) => {
    if (event.event === 'server.lost' && silent++ > 0) return;
    if (event.event === 'server.back' && --silent > 0) return;
    report(event);
  };
}
