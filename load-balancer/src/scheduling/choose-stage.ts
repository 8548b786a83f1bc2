import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { type Farm, isPresent, type Stage, type Worker } from '../farm/farm.ts';
import { mayTake } from './eligibility.ts';
import { compareClaims, mayKeepAffinity } from './fairness.ts';

/** What may be granted in one round. */
export type Board = {
  /** Stages with waiting chunks, those of the highest priority first. */
  ranks: Stage[][];
  /** Leases that all present workers together can hold. */
  capacity: number;
};

export function createBoard(farm: Farm): Board {
  const ranks = new Map<number, Stage[]>();
  for (const stage of farm.stages.values()) {
    if (stage.chunks.count('queued') === 0 || !isGrantable(stage.job.status)) continue;
    const rank = ranks.get(stage.job.priority);
    if (rank === undefined) ranks.set(stage.job.priority, [stage]);
    else rank.push(stage);
  }
  let capacity = 0;
  for (const worker of farm.workers.values()) if (isPresent(worker)) capacity += 2 * worker.slots;
  return { ranks: [...ranks].sort(([a], [b]) => b - a).map(([, stages]) => stages), capacity };
}

/** The stage this worker should get its next chunk of; undefined when nothing waits that it may run. */
export function chooseStage(farm: Farm, board: Board, worker: Worker): Stage | undefined {
  for (const rank of board.ranks) {
    const chosen = chooseOfRank(farm, rank, board.capacity, worker);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function chooseOfRank(farm: Farm, rank: Stage[], capacity: number, worker: Worker): Stage | undefined {
  let first: Stage | undefined;
  let opened: Stage | undefined;
  let competing = 0;
  for (const stage of rank) {
    if (!mayTake(farm, stage, worker)) continue;
    competing += 1;
    if (first === undefined || compareClaims(stage.job, first.job) < 0) first = stage;
    if (!worker.open.includes(stage.affinity)) continue;
    if (opened === undefined || compareClaims(stage.job, opened.job) < 0) opened = stage;
  }
  if (first === undefined || opened === undefined) return first;
  return mayKeepAffinity(opened.job, first.job, capacity / competing) ? opened : first;
}
