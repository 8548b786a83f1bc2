import type { JobLog } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { lastLines, newLines } from '@parallel-pilot/shared/model/printed-lines.ts';

/** Lines that one attempt has printed. */
export type Printed = { label: string; worker: string; lines: string[] };

/** As much of an attempt that is over as the farm keeps. */
const WHOLE = 20_000;

/** Tells each line of what attempts print once, from the ends of it that come while they run and when they are over. */
export function createPrintFollower() {
  const seen = new Map<string, string>();
  const take = (label: string, worker: string, log: string): Printed[] => {
    const name = `${label}\n${worker}`;
    const lines = newLines(seen.get(name) ?? '', log);
    seen.set(name, log);
    return lines.length === 0 ? [] : [{ label, worker, lines }];
  };
  return {
    underWay(progress: JobDetail['progress']): Printed[] {
      return progress.flatMap(({ label, workerName, log }) =>
        log === undefined ? [] : take(label, workerName, log),
      );
    },
    over(prints: JobLog['prints']): Printed[] {
      return prints.flatMap(({ label, worker, log }) => {
        // Its last line is ended now, whether or not it says so.
        const told = take(label, worker, lastLines(`${log.trimEnd()}\n`, WHOLE));
        seen.delete(`${label}\n${worker}`);
        return told;
      });
    },
  };
}
