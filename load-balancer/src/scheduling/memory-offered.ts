import { type Farm, isPresent, type Stage } from '../farm/farm.ts';
import { mayRun } from './eligibility.ts';

/** Looks for the most memory that a present worker offers which may run the stage. While there is none, one may come. */
export function lookForMemory(farm: Farm, stage: Stage): void {
  let most = 0;
  for (const worker of farm.workers.values()) {
    if (isPresent(worker) && mayRun(stage, worker)) most = Math.max(most, worker.offer.memoryBytes);
  }
  stage.memory.mostOffered = most === 0 ? Number.POSITIVE_INFINITY : most;
}

/** The same for all stages to which it matters: workers come and go. */
export function lookForMemoryOfAll(farm: Farm): void {
  for (const stage of farm.stages.values()) {
    if (stage.memory.seen > 0 || stage.memory.needs.size > 0) lookForMemory(farm, stage);
  }
}
