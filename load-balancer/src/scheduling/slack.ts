import type { Job, Slack } from '../farm/farm.ts';
import type { ComingHours } from '../prediction/coming-hours.ts';
import { ONE_OF_TEN } from '../prediction/time-range.ts';
import type { ExpectedHours } from './expected-hours.ts';
import { endOfChunks, type Wanted } from './wanted-work.ts';

/** Work of a job that has been given up for others has to be so much less before it takes the place of one of them. */
const CLEARLY_LESS = 1.3;

/**
 * How much slack deadlines have if jobs that have one go before others of their team and priority, the earliest deadline
 * first. Where not all can be met, as few as possible are given up: in the order of the deadlines, whenever one would be
 * missed, the one with the most work so far (Moore and Hodgson, Management Science 15, 1968). Jobs of which nothing is
 * known have none.
 */
export function slacksOf(
  wanted: ReadonlyMap<Job, Wanted>,
  hours: ExpectedHours,
  now: number,
): Map<Job, Slack> {
  const teams = Map.groupBy(wanted.keys(), ({ share }) => share);
  const works = new Map([...teams].map(([share, jobs]) => [share, sumOf(jobs, wanted)]));
  const slacks = new Map<Job, Slack>();
  for (const [share, jobs] of teams) {
    const others = [...works].flatMap(([other, work]) => (other === share ? [] : [work]));
    let before = 0;
    for (const [, alike] of [...Map.groupBy(jobs, ({ priority }) => priority)].sort(([a], [b]) => b - a)) {
      slacksOfRank({ wanted, hours, others, before, now }, alike, slacks);
      before += sumOf(alike, wanted);
    }
  }
  return slacks;
}

const sumOf = (jobs: readonly Job[], wanted: ReadonlyMap<Job, Wanted>): number =>
  jobs.reduce((sum, job) => sum + (wanted.get(job)?.work ?? 0), 0);

/** Work of each other team, and work of the own one that goes before the rank. */
type Look = {
  wanted: ReadonlyMap<Job, Wanted>;
  hours: ExpectedHours;
  others: number[];
  before: number;
  now: number;
};
type Dated = { job: Job; one: Wanted; left: number };

function slacksOfRank(look: Look, jobs: readonly Job[], slacks: Map<Job, Slack>): void {
  const dated: Dated[] = jobs.flatMap((job) => {
    const one = look.wanted.get(job);
    return job.deadline === null || one === undefined || !one.known
      ? []
      : [{ job, one, left: job.deadline - look.now }];
  });
  dated.sort((a, b) => a.left - b.left);
  const kept = keepMost(look, dated);
  let behind = Number.POSITIVE_INFINITY;
  for (const { job, one, left } of dated.toReversed()) {
    const ahead = kept.filter((other) => other.left <= left && other.job !== job);
    const all = [...ahead.map((other) => other.one), one];
    const ms = left - endOfChunks(one, look.hours.first.until(flowing(look, all, ONE_OF_TEN)), ONE_OF_TEN);
    const lost = !kept.some((other) => other.job === job);
    if (!lost) behind = Math.min(behind, ms);
    slacks.set(job, { ms, putOffMs: lost ? ms : behind, lost });
  }
}

/** Nothing is given up because of workers that are only expected to go. */
function keepMost(look: Look, dated: readonly Dated[]): Dated[] {
  let kept: Dated[] = [];
  for (const next of dated) {
    if (next.left < soonestOf(next.one, look.hours.hopeful)) continue;
    kept.push(next);
    const all = kept.map(({ one }) => one);
    const end = endOfChunks(next.one, look.hours.hopeful.until(flowing(look, all, 0)), 0);
    if (end <= next.left) continue;
    const most = kept.reduce((a, b) => (burdenOf(b) > burdenOf(a) ? b : a));
    kept = kept.filter((other) => other !== most);
  }
  return kept;
}

const burdenOf = ({ job, one }: Dated): number => one.work * (job.urgency === 'lost' ? CLEARLY_LESS : 1);

/** With all workers that may do it, and luck. */
const soonestOf = (one: Wanted, hours: ComingHours): number =>
  endOfChunks(one, hours.until((one.work / one.width) * Math.exp(-ONE_OF_TEN * one.deviation)), -ONE_OF_TEN);

/**
 * When the last of these is done, one after another, each with all it can use, while the other teams have as much
 * of the farm as this one until their work is done.
 */
function flowing({ others, before }: Look, sequence: readonly Wanted[], deviations: number): number {
  let [work, squares] = [before, 0];
  for (const one of sequence) {
    work += one.work;
    squares += (one.work * one.deviation) ** 2;
  }
  work += deviations * Math.sqrt(squares);
  const last = sequence.at(-1);
  const shared = others.reduce((sum, other) => sum + Math.min(work, other), work);
  return Math.max(shared, last === undefined ? 0 : last.work / last.width);
}
