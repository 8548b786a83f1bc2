import { isBetter } from '../metric.ts';

/** A training of a sweep as it stands. `rung`: at how many it has reported. */
export type SweptRun = {
  number: number;
  rung: number;
  /** `waiting` for its first turn; `held` after a rung, neither let on nor stopped; `over` however it ended. */
  at: 'waiting' | 'running' | 'held' | 'over';
};

/** What a run came to at a rung, from 0; null where its script did not report the metric. */
export type Report = { number: number; rung: number; value: number | null };

export type Steer =
  | { do: 'start'; number: number }
  | { do: 'let-on'; number: number }
  /** It cannot be among the best any more: `best` of `of` go on at most. */
  | { do: 'stop'; number: number; rung: number; best: number; of: number };

type Halving = { reductionFactor: number; concurrent: number; goal: 'max' | 'min' };

/**
 * What is due for the runs of a sweep: asynchronous successive halving by promotion (Li et al., arXiv 1810.05934,
 * algorithm 2). A run is held after each rung. It is let on where it is among the best 1/eta of those that have
 * reported there so far, the highest rung first; free places go to new runs otherwise. Beyond the paper, where
 * losers wait for ever: a run is stopped as soon as, whatever the others will report, it cannot come among the best
 * 1/eta, and of those that come to a rung the best one always goes on. Without rungs it says whose turn it is.
 *
 * Pure: whoever asks, and however often, gets the same answer until something has been done about it.
 */
export function steer(runs: readonly SweptRun[], reports: readonly Report[], sweep: Halving): Steer[] {
  const stops: Extract<Steer, { do: 'stop' }>[] = [];
  const letOn: Steer[] = [];
  const rungs = Math.max(0, ...runs.filter(({ at }) => at === 'held').map(({ rung }) => rung));
  // From below: those that are stopped come to no rung above.
  for (let rung = 0; rung < rungs; rung += 1) {
    const ranked = rankedAt(reports, rung, sweep.goal);
    const isStopped = ({ number }: SweptRun) => stops.some((stop) => stop.number === number);
    const coming = runs.filter((run) => run.at !== 'over' && run.rung <= rung && !isStopped(run)).length;
    const of = ranked.length + coming;
    const best = Math.max(1, Math.floor(of / sweep.reductionFactor));
    const now = coming === 0 ? best : Math.floor(ranked.length / sweep.reductionFactor);
    const going: Steer[] = [];
    for (const [rank, { number }] of ranked.entries()) {
      const run = runs.find((one) => one.number === number);
      if (run?.at !== 'held' || run.rung !== rung + 1) continue;
      if (rank < now) going.push({ do: 'let-on', number });
      else if (rank >= best) stops.push({ do: 'stop', number, rung, best, of });
    }
    letOn.unshift(...going);
  }
  const waiting = runs.filter(({ at }) => at === 'waiting').toSorted((a, b) => a.number - b.number);
  const turns = [...letOn, ...waiting.map(({ number }): Steer => ({ do: 'start', number }))];
  const running = runs.filter(({ at }) => at === 'running').length;
  return [...stops, ...turns.slice(0, Math.max(0, sweep.concurrent - running))];
}

/** The best first; of equals the one that was planned first; those without a value last. */
function rankedAt(reports: readonly Report[], rung: number, goal: 'max' | 'min'): Report[] {
  return reports
    .filter((report) => report.rung === rung)
    .toSorted(({ value: a, number: x }, { value: b, number: y }) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null) || x - y;
      return a === b ? x - y : isBetter(a, b, goal) ? -1 : 1;
    });
}

/** So many have come to the first rung without the metric, and none with it, that it is no accident. */
export function lacksMetric(runs: readonly SweptRun[], reports: readonly Report[]): boolean {
  const first = reports.filter(({ rung }) => rung === 0);
  const coming = runs.filter(({ at, rung }) => at !== 'over' && rung === 0).length;
  return (
    first.length >= Math.min(ENOUGH, first.length + coming) &&
    first.length > 0 &&
    first.every(({ value }) => value === null)
  );
}

/** Of one or two the figures may only have left all bounds. */
const ENOUGH = 3;
