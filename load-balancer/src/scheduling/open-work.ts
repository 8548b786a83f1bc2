import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import type { Farm, Stage } from '../farm/farm.ts';
import { Outlook } from './outlook.ts';

/** Predicted work that is not done yet, by the quarter hour in which it was planned; that of paused jobs left out. */
export function openWork(farm: Farm, now: number): Map<number, number> {
  const outlook = new Outlook(farm, now);
  const open = new Map<number, number>();
  const add = ({ plannedAt }: Stage, work: number) => {
    const quarter = quarterOf(plannedAt);
    open.set(quarter, (open.get(quarter) ?? 0) + work);
  };
  for (const stage of farm.stages.values()) {
    const { chunks, held, job } = stage;
    if (!isGrantable(job.status)) continue;
    for (let section = 0; section < chunks.sections; section += 1) {
      const waiting = chunks.waitingIn(section);
      if (waiting > 0) add(stage, waiting * outlook.work(stage, section));
    }
    // Of a chunk that several hold, the first counts.
    for (const [lease] of held.values()) if (lease !== undefined) add(stage, outlook.leftOf(lease));
  }
  return open;
}
