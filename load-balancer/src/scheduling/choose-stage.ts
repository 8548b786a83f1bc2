import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { type Farm, isPresent, type Stage, type TeamShare, type Worker } from '../farm/farm.ts';
import { occupancyOf } from '../farm/resources.ts';
import { compareSlack, mayKeepBefore, standsAmong, standsBefore } from './deadlines.ts';
import { mayTake } from './eligibility.ts';
import { compareClaims, compareTeams, mayKeepAffinity, type Of } from './fairness.ts';
import { FinishTimes } from './finish-times.ts';

/** What may be granted in one round. */
export type Board = {
  /** Of each team its stages with waiting chunks, those of its highest priority first. */
  teams: Map<TeamShare, Stage[][]>;
  /** Whose stages of an affinity are. */
  affinities: Map<string, TeamShare>;
  /** Slots of all present workers. */
  capacity: number;
  /** Some chunks ask for more or less than a slot's part of a worker. */
  uneven: boolean;
  /** What is granted now is begun when there is room for it, not at once. */
  ahead: boolean;
  /** What is granted now takes the place of what runs, so when that would end does not matter. */
  inPlace: boolean;
  finishTimes: FinishTimes;
};

export function createBoard(farm: Farm, now: number): Board {
  const teams = new Map<TeamShare, Map<number, Stage[]>>();
  let uneven = false;
  const affinities = new Map<string, TeamShare>();
  for (const stage of farm.stages.values()) {
    if (stage.chunks.count('queued') === 0 || !isGrantable(stage.job.status) || stage.gang !== null) continue;
    const { share, priority } = stage.job;
    uneven ||= stage.askedKey !== '{}';
    const ranks = teams.get(share) ?? new Map<number, Stage[]>();
    teams.set(share, ranks);
    const rank = ranks.get(priority);
    if (rank === undefined) ranks.set(priority, [stage]);
    else rank.push(stage);
    affinities.set(stage.affinity, share);
  }
  let capacity = 0;
  for (const worker of farm.workers.values()) if (isPresent(worker)) capacity += worker.slots;
  const sorted = new Map<TeamShare, Stage[][]>();
  for (const [share, ranks] of teams)
    sorted.set(
      share,
      [...ranks].sort(([a], [b]) => b - a).map(([, stages]) => stages),
    );
  return {
    teams: sorted,
    affinities,
    capacity,
    uneven,
    ahead: false,
    inPlace: false,
    finishTimes: new FinishTimes(farm, sorted, now),
  };
}

/**
 * The stage this worker should get its next chunk of; undefined when nothing
 * waits that it may run and would not sooner be done by another. The team with the best claim decides, unless the
 * worker may stay with the job of another team that it has open.
 */
export function chooseStage(farm: Farm, board: Board, worker: Worker): Stage | undefined {
  const first = chooseFirst(farm, board, worker);
  if (first !== undefined && !board.ahead && isKeptFree(worker, first)) return undefined;
  if (first === undefined || worker.open.includes(first.affinity)) return first;
  for (const affinity of worker.open) {
    const share = board.affinities.get(affinity);
    if (share === undefined || share === first.job.share) continue;
    const opened = chooseOfTeam(farm, board, share, worker);
    if (opened === undefined || !worker.open.includes(opened.affinity)) continue;
    const costs = costsOf(board, worker, opened, first);
    if (mayKeepAffinity(share, first.job.share, board.capacity / board.teams.size, costs)) return opened;
  }
  return first;
}

/**
 * A chunk of a team with a better claim waits there for room: as in DRF, nobody
 * else is served before it. Otherwise small chunks would keep it out for ever.
 */
function isKeptFree(worker: Worker, { job: { share } }: Stage): boolean {
  const ahead = occupancyOf(worker).ahead[0]?.stage.job.share;
  return ahead !== undefined && ahead !== share && compareTeams(ahead, share, 'begun') < 0;
}

function chooseFirst(farm: Farm, board: Board, worker: Worker): Stage | undefined {
  const teams = [...board.teams.keys()];
  if (teams.length > 1) teams.sort((a, b) => compareTeams(a, b, board.ahead ? 'all' : 'begun'));
  for (const share of teams) {
    const chosen = chooseOfTeam(farm, board, share, worker);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function chooseOfTeam(farm: Farm, board: Board, share: TeamShare, worker: Worker): Stage | undefined {
  const capacity = board.capacity / board.teams.size;
  for (const rank of board.teams.get(share) ?? []) {
    const chosen = chooseOfRank(farm, board, rank, capacity, worker);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function chooseOfRank(
  farm: Farm,
  board: Board,
  rank: Stage[],
  capacity: number,
  worker: Worker,
): Stage | undefined {
  const { finishTimes, ahead, inPlace } = board;
  const of = ahead ? 'all' : 'begun';
  const best: Choices = {};
  const opened: Choices = {};
  let competing = 0;
  for (const stage of rank) {
    if (!mayTake(farm, stage, worker, ahead)) continue;
    if (!inPlace && !finishTimes.suits(stage, worker)) continue;
    competing += 1;
    consider(best, stage, of);
    if (worker.open.includes(stage.affinity)) consider(opened, stage, of);
  }
  const [first, open] = [chosenOf(best, of), chosenOf(opened, of)];
  if (first === undefined || open === undefined) return first;
  const mayKeep = standsBefore(first.job)
    ? mayKeepBefore(open.job, first.job)
    : mayKeepAffinity(open.job, first.job, capacity / competing, costsOf(board, worker, open, first));
  return mayKeep ? open : first;
}

/** The best so far of each sort. */
type Choices = Partial<Record<ReturnType<typeof standsAmong>, Stage>>;

function consider(choices: Choices, stage: Stage, of: Of): void {
  const among = standsAmong(stage.job);
  const before = choices[among];
  const bySlack =
    before === undefined || among === 'others' || among === 'unseen'
      ? 0
      : compareSlack(stage.job, before.job);
  if (before === undefined || (bySlack || compareClaims(stage.job, before.job, of)) < 0)
    choices[among] = stage;
}

/** Nobody without a deadline loses by one that is far off: until it goes first, it has its part. */
function chosenOf({ unseen, first, dated, others }: Choices, of: Of): Stage | undefined {
  const before = unseen ?? first;
  if (before !== undefined || dated === undefined || others === undefined) return before ?? dated ?? others;
  return compareClaims(dated.job, others.job, of) < 0 ? dated : others;
}

/** What decides whether the worker stays with what it has open. */
const costsOf = ({ finishTimes: { outlook } }: Board, worker: Worker, opened: Stage, first: Stage) => ({
  turnMs: outlook.turnMs(worker, first),
  chunkMs: { mine: outlook.chunkMs(worker, opened), other: outlook.chunkMs(worker, first) },
});
