import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  jobsToCancel,
  liveStages,
  unfinishedClosedStages,
} from '@parallel-pilot/shared/server/db/farm-reads.ts';
import { loadOf } from '@parallel-pilot/shared/server/db/load.ts';
import { presentWorkers } from '@parallel-pilot/shared/server/db/workers.ts';
import type { JobsRead } from '../farm/events.ts';
import { createFarm, type Farm } from '../farm/farm.ts';
import { createLoadRecord } from '../farm/load-record.ts';
import { expectBack } from '../reactor/enter-stage.ts';
import type { Quarantine } from './quarantine.ts';

import { readJobs } from './read-jobs.ts';
import { readChunkLimits } from './read-limits.ts';

/**
 * The farm as the database has it: workers that were connected are expected
 * back. The jobs come as an event, to be handled before any other.
 */
export async function loadFarm(
  db: Db,
  now: () => number,
  quarantine: Quarantine,
  chunksOfEachTeam: number | null = null,
): Promise<{ farm: Farm; read: JobsRead }> {
  const workers = await presentWorkers(db);
  const live = await liveStages(db);
  const closed = await unfinishedClosedStages(db);
  const jobs = new Set([
    ...live.map((row) => row.job),
    ...closed.map((row) => row.job_id),
    ...(await jobsToCancel(db)),
  ]);
  const read = await readJobs(db, createFarm(now()), [...jobs], quarantine, closed);
  const farm = createFarm(now());
  for (const { id, name, slots, identity_hash } of workers) {
    Object.assign(expectBack(farm, id, now()), { name, slots, identityHash: identity_hash });
  }
  farm.load = createLoadRecord(now(), (await loadOf(db, farm.load.quarter))?.capacity_ms);
  farm.chunkLimits = await readChunkLimits(db, chunksOfEachTeam);
  return { farm, read };
}

/** Carries over what was set and learnt, and what the workers that stay connected have said of themselves; their leases come from the database. */
export function carrySessions(from: Farm, to: Farm): void {
  to.newcomers = from.newcomers;
  to.loadsNotedAt = from.loadsNotedAt;
  to.longestSilenceMs = from.longestSilenceMs;
  to.escalation = from.escalation;
  to.forecast = from.forecast;
  to.rangeCorrections = from.rangeCorrections;
  to.load = { ...from.load, notedAt: 0 };
  for (const [session, old] of from.sessions) {
    const worker = { ...old, leases: to.workers.get(old.id)?.leases ?? new Set(), occupancy: null };
    to.workers.set(worker.id, worker);
    to.sessions.set(session, worker);
  }
}
