import { type Escalation, escalationOf } from '@parallel-pilot/shared/model/escalation.ts';
import type { PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { holdersWithLimits } from '@parallel-pilot/shared/server/db/team-limits.ts';
import { ownLimitsOf } from '@parallel-pilot/shared/server/own-limits.ts';
import type { ChunkLimits } from '../farm/farm.ts';

/** How many chunks teams and people may have at once, by what an admin set for them. */
export async function readChunkLimits(db: Db, eachTeam: number | null): Promise<ChunkLimits> {
  const set = new Map<TeamId | PersonId, number | null>();
  for (const row of await holdersWithLimits(db)) {
    const { chunksAtOnce } = ownLimitsOf(row);
    if (chunksAtOnce !== undefined) set.set(row.id, chunksAtOnce === 'none' ? null : chunksAtOnce);
  }
  return { set, eachTeam };
}

/** At which slack deadlines go before others, by what an admin set for the farm. */
export async function readEscalation(db: Db, defaults: Escalation): Promise<Escalation> {
  const { deadline_first: first, deadline_preempt: preempt } = await farmSettings(db);
  return escalationOf({ first, preempt }, defaults);
}
