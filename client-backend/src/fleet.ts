import { asSeenBy, withPlace } from '@parallel-pilot/shared/model/placement.ts';
import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { type JobOwner, mayWorkFor } from '@parallel-pilot/shared/model/worker.ts';
import {
  type FleetRow,
  onlineWorkers,
  workersSeenSince,
} from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { labelsOf } from '@parallel-pilot/shared/server/db/workers.ts';

/** A worker that was here so lately counts when it is asked what the farm can do: it may only be starting again. */
const LATELY_MS = 10 * 60_000;

/** The workers of a farm, of which each job has those that may work for it: of others nothing may be inferred. */
export type Fleet = (job: JobOwner) => Capabilities[];

/** Capabilities of the workers that are connected, or were a few minutes ago. */
export const knownFleetOf = async (db: Db, now: number): Promise<Fleet> =>
  fleetFrom(await workersSeenSince(db, now - LATELY_MS));

/** Capabilities of the workers that are connected now. */
export const fleetOf = async (db: Db): Promise<Fleet> => fleetFrom(await onlineWorkers(db));

function fleetFrom(rows: readonly FleetRow[]): Fleet {
  const workers = rows.map((row) => ({ row, capabilities: capabilitiesOf(row) }));
  return (job) =>
    workers
      .filter(({ row, capabilities }) => mayWorkFor(lenderOf(row), capabilities, job))
      .map(({ row, capabilities }) => asSeenBy(capabilities, lenderOf(row), job));
}

/** Ids of the workers that are connected and may work for the job, and can by what they have. */
export async function workersFor(
  db: Db,
  job: JobOwner,
  can: (capabilities: Capabilities) => boolean,
): Promise<FleetRow['id'][]> {
  const rows = await onlineWorkers(db);
  return rows
    .filter((row) => {
      const capabilities = capabilitiesOf(row);
      const lender = lenderOf(row);
      return mayWorkFor(lender, capabilities, job) && can(asSeenBy(capabilities, lender, job));
    })
    .map((row) => row.id);
}

/** What it can do, and where it stands. */
export const capabilitiesOf = (row: FleetRow): Capabilities =>
  withPlace(Capabilities.parse(JSON.parse(row.capabilities_json)), {
    id: row.id,
    ...labelsOf(row),
    memoryBytes: JSON.parse(row.machine_json).memoryBytes,
  });

export const lenderOf = ({ person_id, team_id, works_for }: FleetRow) => ({
  person: person_id,
  team: team_id,
  worksFor: works_for,
});
