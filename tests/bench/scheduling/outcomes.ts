import type { JobEnd } from '../../../load-balancer/src/farm/farm.ts';
import type { JobPlan, Scenario, WorkerPlan } from './scenario.ts';
import { type JobRun, Simulation } from './simulation.ts';
import { idealMs } from './speed-profile.ts';

/** A scenario that takes so many times its ideal has got stuck. */
const STUCK = 200;

export type JobOutcome = {
  /** Milliseconds from submission to the last result; null when it never came. */
  makespan: number | null;
  ideal: number;
  /** Work thrown away because another lease of the chunk won, as a part of the job's work. */
  doubled: number;
  /** Null where there is no deadline. */
  met: boolean | null;
  /** Of the ends that were told for it; null where none was. */
  told: Told | null;
};

export type Told = {
  /** Whether the first range held its end. */
  first: boolean;
  /** Part of the ranges that held it, of those told at evenly spaced times. */
  inside: number;
  /** Of these: how wide they were, as a part of the time to the end, the middle one of them. */
  width: number;
};

/**
 * Runs a scenario through the engine's own round. Before it the farm has done
 * an earlier job on the workers that are there from the start, when none of
 * them was in trouble yet, and so has come to know their speeds. Without
 * `knowsDeadlines` the farm hears of none.
 */
export function outcomesOf({ workers, jobs }: Scenario, knowsDeadlines = true): JobOutcome[] {
  const simulation = new Simulation();
  const early = workers.filter((worker) => worker.from === 0);
  const machines = early.map(({ speed }) => simulation.join(untroubled(speed)));
  if (early.length > 0) simulation.runAll([earlierJob(early.length)], Number.POSITIVE_INFINITY);
  const origin = simulation.now;
  for (const [at, plan] of early.entries()) machines[at]?.follow(plan, origin);
  for (const plan of workers) if (plan.from > 0) simulation.joinLater(plan);
  const ideals = jobs.map((job) => idealMs(job, workers));
  const longest = Math.max(...jobs.map((job, at) => job.at + STUCK * (ideals[at] ?? 0)));
  const runs = simulation.runAll(jobs, Number.isFinite(longest) ? longest : 0, knowsDeadlines);
  return runs.map((run, at) => outcomeOf(run, ideals[at] ?? Number.NaN, origin));
}

const untroubled = (speed: number): WorkerPlan => ({
  speed,
  from: 0,
  slowFrom: null,
  slowBy: 1,
  diesAt: null,
});

const earlierJob = (workers: number): JobPlan => ({
  at: 0,
  priority: 0,
  deadline: null,
  chunksMs: Array.from({ length: 20 * workers }, () => 2_000),
  openMs: 0,
});

function outcomeOf(
  { plan, submittedAt, doubled, endedAt, told }: JobRun,
  ideal: number,
  origin: number,
): JobOutcome {
  const all = plan.chunksMs.reduce((sum, work) => sum + work, 0);
  const inTime = endedAt !== null && endedAt - origin <= (plan.deadline ?? 0);
  return {
    makespan: endedAt === null ? null : endedAt - submittedAt,
    ideal,
    doubled: doubled / all,
    met: plan.deadline === null ? null : inTime,
    told: endedAt === null ? null : toldOf(told, endedAt),
  };
}

const LOOKS = 9;

function toldOf(all: readonly JobEnd[], endedAt: number): Told | null {
  const [first] = all;
  if (first === undefined) return null;
  const looks = Array.from({ length: LOOKS }, (_, at) => all[Math.floor((at * all.length) / LOOKS)] ?? first);
  const widths = looks.map(({ at, range }) => (range.late - range.early) / Math.max(1, endedAt - at));
  return {
    first: holds(first, endedAt),
    inside: looks.filter((end) => holds(end, endedAt)).length / LOOKS,
    width: widths.toSorted((a, b) => a - b)[Math.floor(LOOKS / 2)] ?? 0,
  };
}

const holds = ({ at, range }: JobEnd, endedAt: number): boolean =>
  at + range.early <= endedAt && endedAt <= at + range.late;
