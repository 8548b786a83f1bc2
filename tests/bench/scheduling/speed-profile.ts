import type { JobPlan, Scenario, WorkerPlan } from './scenario.ts';

/** Work that a worker does in a millisecond, as it is from that time on. */
export type Step = { from: number; rate: number };

/** Rates of a worker from its coming to its end, in order of time; the last one lasts for ever. */
export function stepsOf({ speed, from, slowFrom, slowBy, diesAt }: WorkerPlan): Step[] {
  const steps: Step[] = [{ from, rate: slowFrom !== null && slowFrom <= from ? speed / slowBy : speed }];
  if (slowFrom !== null && slowFrom > from) steps.push({ from: slowFrom, rate: speed / slowBy });
  if (diesAt === null) return steps;
  return [...steps.filter((step) => step.from < diesAt), { from: diesAt, rate: 0 }];
}

/** Work done in a millisecond at that time; 0 before the first step and after its end. */
export const rateAt = (steps: readonly Step[], time: number): number =>
  steps.findLast((step) => step.from <= time)?.rate ?? 0;

/** Work done between two times. */
export function workBetween(steps: readonly Step[], start: number, end: number): number {
  let work = 0;
  for (const [at, { from, rate }] of steps.entries()) {
    const until = Math.min(end, steps[at + 1]?.from ?? Number.POSITIVE_INFINITY);
    if (until > Math.max(from, start)) work += rate * (until - Math.max(from, start));
  }
  return work;
}

/** When work begun at `start` is done; Infinity when it never is. */
export function endOf(steps: readonly Step[], start: number, work: number): number {
  let left = work;
  for (const [at, { from, rate }] of steps.entries()) {
    const until = steps[at + 1]?.from ?? Number.POSITIVE_INFINITY;
    const since = Math.max(from, start);
    if (until <= since || rate === 0) continue;
    if (left <= rate * (until - since)) return since + left / rate;
    left -= rate * (until - since);
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * The least time in which a job could be done if it had the farm for itself
 * and its chunks could be cut at will: max(all work / all speed, longest chunk
 * on the fastest worker), with speeds as they really are at each time.
 */
export function idealMs({ at, chunksMs }: JobPlan, workers: Scenario['workers']): number {
  const profiles = workers.map(stepsOf);
  const all = chunksMs.reduce((sum, work) => sum + work, 0);
  const longest = chunksMs.reduce((most, work) => Math.max(most, work), 0);
  const alone = Math.min(...profiles.map((steps) => endOf(steps, at, longest)));
  return Math.max(endTogether(profiles, at, all), alone) - at;
}

function endTogether(profiles: Step[][], start: number, work: number): number {
  const times = new Set(profiles.flatMap((steps) => steps.map((step) => step.from)));
  let left = work;
  const marks = [start, ...[...times].filter((time) => time > start).sort((a, b) => a - b)];
  for (const [at, mark] of marks.entries()) {
    const next = marks[at + 1];
    const rate = profiles.reduce((sum, steps) => sum + rateAt(steps, mark), 0);
    if (next === undefined || left <= rate * (next - mark))
      return rate > 0 ? mark + left / rate : Number.POSITIVE_INFINITY;
    left -= rate * (next - mark);
  }
  return Number.POSITIVE_INFINITY;
}
