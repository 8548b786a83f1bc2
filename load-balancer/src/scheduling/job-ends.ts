import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import type { Farm, Job } from '../farm/farm.ts';
import { type Demand, endsOf, type Ranks } from '../prediction/shared-capacity.ts';
import { ONE_OF_TEN, type TimeRange } from '../prediction/time-range.ts';
import { compareSlack, goesFirst, urgencyAfter } from './deadlines.ts';
import { type ExpectedHours, expectedHours } from './expected-hours.ts';
import { Outlook } from './outlook.ts';
import { slacksOf } from './slack.ts';
import { endOfChunks, type Wanted, wantedOf } from './wanted-work.ts';

/** How often ends are foreseen, at least. */
const EVERY_MS = 2_000;
/** Of what is foreseen for a job so many are kept, to be judged by its end. */
const MOST_KEPT = 8;

/** Foresees the ends of all jobs under way where that is due, and from them how urgent their deadlines are. */
export function foreseeEnds(farm: Farm, now: number): void {
  if (now - farm.endsForeseenAt < EVERY_MS) return;
  farm.endsForeseenAt = now;
  judgeByWaiting(farm, now);
  const wanted = wantedOf(farm, new Outlook(farm, now));
  const hours = expectedHours(farm, now);
  const ranges = rangesOf(wanted, hours);
  const slacks = slacksOf(wanted, hours, now);
  for (const job of farm.jobs.values()) {
    const uncorrected = ranges.get(job);
    const slack = slacks.get(job) ?? null;
    const known = wanted.get(job)?.known === true && uncorrected !== undefined;
    if (known && Number.isFinite(uncorrected.late)) {
      const range = correctionOf(farm, job).corrected(uncorrected);
      job.end = { at: now, range, uncorrected, slack };
      keepForeseen(job);
    } else {
      job.end = null;
    }
    job.urgency = job.deadline === null ? 'none' : urgencyAfter(job, slack, farm.escalation, now);
  }
}

export function rangesOf(wanted: ReadonlyMap<Job, Wanted>, hours: ExpectedHours): Map<Job, TimeRange> {
  const [early, middle, late] = [-1, 0, 1].map((side) => endsIf(wanted, asTheyStand, side));
  const ranges = new Map<Job, TimeRange>();
  for (const [job, one] of wanted) {
    const { until } = goesFirst(job) ? hours.first : hours.shared;
    const at = (ends: Map<Job, number> | undefined) => until(ends?.get(job) ?? 0);
    const range = {
      early: endOfChunks(one, at(early), -ONE_OF_TEN),
      middle: endOfChunks(one, at(middle), 0),
      late: endOfChunks(one, at(late), ONE_OF_TEN),
    };
    ranges.set(job, range);
  }
  return ranges;
}

type Order = (jobs: Job[]) => Job[][];

/** As work is given out at present: those that go first one after another, the others beside each other. */
const asTheyStand: Order = (jobs) => {
  const first = jobs.filter(goesFirst).sort(compareSlack);
  return [...first.map((job) => [job]), jobs.filter((job) => !goesFirst(job))];
};

/** When jobs would be done, milliseconds from now, if all their work were so many tenths' distances from what is expected. */
export function endsIf(wanted: ReadonlyMap<Job, Wanted>, order: Order, side: number): Map<Job, number> {
  const demands = new Map<Job, Demand>();
  for (const [job, { work, width, deviation }] of wanted)
    demands.set(job, { work: work * Math.exp(side * ONE_OF_TEN * deviation), width });
  const ends = endsOf(queuesOf(wanted, order).map((ranks) => demandsOf(ranks, demands)));
  return new Map([...demands].map(([job, demand]) => [job, ends.get(demand) ?? 0]));
}

const demandsOf = (ranks: Job[][], demands: ReadonlyMap<Job, Demand>): Ranks =>
  ranks.map((rank) => rank.flatMap((job) => demands.get(job) ?? []));

/** Of each team the jobs in the order in which they are given work. */
function queuesOf(wanted: ReadonlyMap<Job, Wanted>, order: Order): Job[][][] {
  const teams = Map.groupBy(wanted.keys(), ({ share }) => share);
  return [...teams.values()].map((jobs) => {
    const priorities = [...Map.groupBy(jobs, ({ priority }) => priority)].sort(([a], [b]) => b - a);
    return priorities.flatMap(([, alike]) => order(alike));
  });
}

function keepForeseen({ end, foreseen }: Job): void {
  if (end === null) return;
  const [first, second] = foreseen;
  const apart = first === undefined || second === undefined ? 0 : second.at - first.at;
  const { at, uncorrected, range } = end;
  if (at - (foreseen.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < apart) return;
  foreseen.push({ at, uncorrected, range });
  // Every other one goes, so that they stay evenly spread over the job's life.
  if (foreseen.length > MOST_KEPT)
    foreseen.splice(0, foreseen.length, ...foreseen.filter((_, index) => index % 2 === 0));
}

export const correctionOf = ({ rangeCorrections }: Farm, { deadline }: Job) =>
  deadline === null ? rangeCorrections.others : rangeCorrections.dated;

/** What was foreseen of jobs that are not over tells something too. */
function judgeByWaiting(farm: Farm, now: number): void {
  // What nothing is done for tells nothing of how long the others take.
  const going = farm.jobs.values().filter(({ status }) => isGrantable(status));
  const jobs = Map.groupBy(going, (job) => correctionOf(farm, job));
  for (const correction of Object.values(farm.rangeCorrections)) {
    const foreseen = (jobs.get(correction) ?? []).flatMap((job) => job.foreseen);
    correction.setWaiting(foreseen.map(({ at, uncorrected }) => ({ range: uncorrected, ms: now - at })));
  }
}

/** The last chunk of the job is done: what was foreseen for it is compared with that, once. */
export function noteEnd(farm: Farm, job: Job, now: number): void {
  for (const { at, uncorrected, range } of job.foreseen)
    correctionOf(farm, job).add(uncorrected, range, now - at);
  job.foreseen = [];
}
