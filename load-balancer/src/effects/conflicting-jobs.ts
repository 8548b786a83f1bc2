import { type JobId, type StageId, stageOfChunk } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Effect, Write } from '../farm/effects.ts';
import type { Farm } from '../farm/farm.ts';
import { Conflict, performWrites } from './write-batch.ts';

class TriedOnly extends Error {}

/**
 * The jobs whose part of a round that was refused as a conflict is refused by
 * itself too. Tries each alone in a transaction that is never committed, so
 * it is asked only after a fresh look at the database did not help.
 */
export async function conflictingJobs(db: Db, farm: Farm, effects: readonly Effect[]): Promise<JobId[]> {
  const jobOf = jobsByStage(farm, effects);
  const writes = effects.flatMap((effect) => (effect.type === 'write' ? [effect.write] : []));
  const parts = Map.groupBy(writes, (write) => jobOf.get(stageOf(write) ?? ('' as StageId)));
  const found: JobId[] = [];
  for (const [job, part] of parts) {
    if (job !== undefined && (await conflicts(db, part))) found.push(job);
  }
  return found;
}

function jobsByStage(farm: Farm, effects: readonly Effect[]): Map<StageId, JobId> {
  const jobs = new Map([...farm.stages.values()].map((stage) => [stage.id, stage.job.id]));
  // A stage that was closed in this very round is not in mind any more.
  for (const effect of effects) if (effect.type === 'chunk-changed') jobs.set(effect.stage, effect.job);
  return jobs;
}

function stageOf(write: Write): StageId | null {
  if ('chunk' in write) return stageOfChunk(write.chunk);
  return 'stage' in write ? write.stage : null;
}

async function conflicts(db: Db, writes: Write[]): Promise<boolean> {
  try {
    await db.transaction().execute(async (transaction) => {
      await performWrites(transaction, writes);
      throw new TriedOnly();
    });
  } catch (error) {
    if (error instanceof Conflict) return true;
    if (!(error instanceof TriedOnly)) throw error;
  }
  return false;
}
