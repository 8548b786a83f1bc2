import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { stagesNamed, type TimedStage } from '@parallel-pilot/shared/server/db/stages.ts';

/*
 * A training has its stages in a fixed order: split (0), initialize (1), then train and merge of round r at the
 * ordinals 2r and 2r+1, at last evaluate. So rounds are found by their ordinals.
 */

export const roundOf = (stage: { ordinal: number }): number => Math.floor(stage.ordinal / 2);

/** The last round that was begun; 0 before the first. */
export const lastRound = (newest: { ordinal: number; name: string }): number =>
  Math.floor((newest.ordinal - (newest.name === 'evaluate' ? 1 : 0)) / 2);

/** Stages `train` or `merge` of the rounds after that one, at most `limit` rounds. */
export const stagesOfRounds = (
  db: Db,
  job: JobId,
  name: 'train' | 'merge',
  { after = 0, limit = 1_000_000 }: { after?: number; limit?: number } = {},
): Promise<TimedStage[]> =>
  stagesNamed(db, job, name, { from: 2 * (after + 1), to: 2 * (after + limit) + 1 });
