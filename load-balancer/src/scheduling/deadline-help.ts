import type { DeadlineHelp } from '@parallel-pilot/shared/model/end-outlook.ts';
import type { Job } from '../farm/farm.ts';
import type { ExpectedHours } from './expected-hours.ts';
import { slacksOf } from './slack.ts';
import type { Wanted } from './wanted-work.ts';

/** More than so many times the workers are not thought of, nor work of less than this part of it. */
const [MOST_TIMES, LEAST_PART] = [64, 0.02];
const STEPS = 12;

/** What would let the job meet its deadline: so many more workers for all, or so much less work of its own. */
export function helpFor(
  wanted: ReadonlyMap<Job, Wanted>,
  hours: ExpectedHours,
  job: Job,
  now: number,
): DeadlineHelp {
  const one = wanted.get(job);
  const meets = (times: number, part: number): boolean => {
    const changed = new Map(
      [...wanted].map(([other, { work, ...rest }]) => [other, { ...rest, work: work / times }]),
    );
    if (one !== undefined) changed.set(job, { ...one, work: (one.work * part) / times });
    const slack = slacksOf(changed, hours, now).get(job);
    return slack !== undefined && !slack.lost && slack.ms >= 0;
  };
  const times = least(1, MOST_TIMES, (it) => meets(it, 1));
  const less = least(0, 1 - LEAST_PART, (it) => meets(1, 1 - it));
  return {
    workers:
      times === null || one === undefined || one.workers === 0 ? null : Math.ceil((times - 1) * one.workers),
    lessWork: less,
  };
}

/** The least number between the two, to a few thousandths, for which it holds; null where it does not for the greatest. */
function least(from: number, to: number, holds: (value: number) => boolean): number | null {
  if (!holds(to)) return null;
  let [below, above] = [from, to];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (below + above) / 2;
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}
