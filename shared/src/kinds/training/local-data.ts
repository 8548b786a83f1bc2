import { z } from 'zod';
import { WorkerId } from '../../model/ids.ts';
import { LentName, needsLent } from '../../model/lent-data.ts';
import type { Requirement } from '../../model/requirement.ts';
import type { StagePlan } from '../kind.ts';
import { MOST_SHARDS, TrainingSettings } from './settings.ts';

/*
 * Data that stays where it is: a shard is what the owner of a worker lends under a name, and that worker alone trains
 * on it, in every round. The farm sees the updates, and never a row.
 */

/** The name, and whose data they are, in the order of the shards: settled when the job is submitted. */
export const LocalData = z.object({ name: LentName, workers: z.array(WorkerId).min(1).max(MOST_SHARDS) });
export type LocalData = z.infer<typeof LocalData>;

/** How a shard reads its own; what a backend does for data that it splits. */
export const LocalReading = TrainingSettings.pick({ missing: true, drop: true, encode: true }).extend({
  name: LentName,
});
export type LocalReading = z.infer<typeof LocalReading>;

export const localNeeds = (local: LocalData | null): Requirement[] =>
  local === null ? [] : [needsLent(local.name)];

/** Has each chunk of the stage run by the worker whose data it is about. */
export function pinned(stage: StagePlan, local: LocalData | null, shards: readonly number[]): StagePlan {
  if (local === null) return stage;
  const pins = shards.flatMap((shard) => local.workers[shard] ?? []);
  if (pins.length !== stage.chunks.length) throw new Error('a chunk on local data without a worker');
  return {
    ...stage,
    requirements: [...stage.requirements, ...localNeeds(local)],
    // A box that sees the data runs nothing that is not about it.
    affinity: `${stage.affinity}:local`,
    pins,
  };
}

type Asked = Pick<TrainingSettings, 'mode' | 'weighting' | 'group'> & { data: boolean; once: boolean };

/** What goes with data that is split alone; null where all is well. */
export function localProblem({ data, once, mode, weighting, group }: Asked): string | null {
  if (data) return 'Data that workers lend (local data) is all of the data: give no other with it.';
  if (mode === 'ddp')
    return 'In mode ddp workers take every step together. Of local data take mode rounds or diloco.';
  if (weighting !== 'even')
    return 'Local data is not split, so no shard can be made larger: leave weighting out.';
  if (group !== null) return 'Local data is not split, so there is nothing to group: leave group out.';
  if (once)
    return 'The script names pilot.once, which makes something of all the data, and no worker has more than its own local data. Make it of constants, or before.';
  return null;
}
