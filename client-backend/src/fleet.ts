import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { onlineWorkers, workersSeenSince } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';

/** A worker that was here so lately counts when it is asked what the farm can do: it may only be starting again. */
const LATELY_MS = 10 * 60_000;

/** Capabilities of the workers that are connected, or were a few minutes ago. */
export async function knownFleetOf(db: Db, now: number): Promise<Capabilities[]> {
  const workers = await workersSeenSince(db, now - LATELY_MS);
  return workers.map((worker) => Capabilities.parse(JSON.parse(worker.capabilities_json)));
}

/** Capabilities of the workers that are connected now. */
export async function fleetOf(db: Db): Promise<Capabilities[]> {
  const workers = await onlineWorkers(db);
  return workers.map((worker) => Capabilities.parse(JSON.parse(worker.capabilities_json)));
}
