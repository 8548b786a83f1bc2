import { cacheKey } from '@parallel-pilot/shared/files/cache-key.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { isOfOwnTeam } from '@parallel-pilot/shared/model/placement.ts';
import { createTimes } from '../prediction/stage-times.ts';
import type { JobFacts, LoadedStage } from './events.ts';
import { blobKey, type Job, type Stage, type TeamShare } from './farm.ts';
import { createPortion } from './portion.ts';

/** A job as it begins, not in the farm yet; `usedSlotMs` it is taken to have received. */
export const createJob = (share: TeamShare, facts: JobFacts, usedSlotMs: number): Job => ({
  ...facts,
  share,
  stages: new Set(),
  ...createPortion(usedSlotMs),
  failures: new Map(),
  succeeded: new Set(),
  lastFailure: null,
  stuckSince: null,
  urgency: 'none',
  end: null,
  foreseen: [],
});

/** A stage of it, likewise; its leases are not entered. */
export function createStage(
  job: Job,
  loaded: Omit<LoadedStage, 'job' | 'held' | 'takenBack' | 'failures' | 'succeeded' | 'busyTimes'>,
): Stage {
  const { id, name, plannedAt, spec, inputs, requirements, affinity, asked, span, chunks } = loaded;
  const { gangMin = null, pins = null, lasting = false } = loaded;
  return {
    id,
    job,
    name,
    plannedAt,
    spec,
    inputs,
    inputKeys: inputs.map((input) => blobKey(cacheKey(job.share.cacheScope, input.hash))),
    requirements,
    requirementsKey: JSON.stringify(requirements),
    ofOwnTeam: requirements.some(isOfOwnTeam),
    affinity,
    asked,
    askedKey: JSON.stringify(asked),
    span,
    memory: { seen: loaded.memorySeen, needs: new Map(), mostOffered: Number.POSITIVE_INFINITY },
    chunks,
    times: createTimes(chunks.size),
    held: new Map(),
    avoid: new Map(),
    takenBack: new Map(),
    leftSince: null,
    gang: gangMin === null ? null : { min: gangMin, since: null, failure: null },
    pins: pins === null ? null : pinnedTo(pins),
    lasting,
  };
}

function pinnedTo(pins: readonly WorkerId[]): ReadonlyMap<WorkerId, readonly number[]> {
  const ordinals = new Map<WorkerId, number[]>();
  for (const [ordinal, worker] of pins.entries()) {
    const others = ordinals.get(worker);
    if (others === undefined) ordinals.set(worker, [ordinal]);
    else others.push(ordinal);
  }
  return ordinals;
}
