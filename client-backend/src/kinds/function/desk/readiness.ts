import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { INSTANCES } from '@parallel-pilot/shared/kinds/function/stages.ts';
import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { LIVE_STATES } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  type FunctionRow,
  findVersion,
  functionsServedByAnother,
  serveActive,
  type VersionRow,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { environmentOf } from '../../../packages/environments.ts';
import type { Parts } from '../../../parts.ts';
import { comingOf } from './coming.ts';
import type { Pools } from './pools.ts';

/** What calls of a version may have to wait for. `image_json`: null where its image was not got yet. */
export type Waited = Pick<FunctionSpec, 'packages' | 'image'> & Pick<VersionRow, 'image_json'>;

/** Whether they need not wait for its packages or its image. */
export const isReady = async (
  parts: Pick<Parts, 'db' | 'clock'>,
  team: TeamId,
  { packages, image, image_json }: Waited,
): Promise<boolean> =>
  (image === null || image_json !== null) &&
  (packages === null || (await environmentOf(parts, team, { packages })) !== null);

export const waitedFor = ({ spec_json, image_json }: VersionRow): Waited => ({
  ...FunctionSpec.parse(JSON.parse(spec_json)),
  image_json,
});

/** Which version goes on with the calls where `next` becomes the active one: null where that can take them, or none else can. */
export async function servingBeside(
  parts: Pick<Parts, 'db' | 'clock'>,
  of: FunctionRow | undefined,
  next: Waited & { version: number | null },
): Promise<number | null> {
  if (of === undefined || (await isReady(parts, of.team_id, next))) return null;
  const version = of.serving_version ?? of.active_version;
  const row = version === next.version ? undefined : await findVersion(parts.db, of.id, version);
  if (row === undefined) return null;
  const canGoOn = (await isReady(parts, of.team_id, waitedFor(row))) || (await hasInstances(parts.db, row));
  return canGoOn ? version : null;
}

/** Its job is at its instances: one of before 0043 has no image that is written down, and takes calls all the same. */
async function hasInstances(db: Db, { job_id }: Pick<VersionRow, 'job_id'>): Promise<boolean> {
  const job = job_id === null ? undefined : await findJob(db, job_id);
  if (job === undefined || !LIVE_STATES.some((live) => live === job.state)) return false;
  return (await newestStage(db, job.id))?.name === INSTANCES;
}

/**
 * Has active versions take the calls that another takes for them, where their packages and image are there and an instance is.
 * `begin`: nobody is at those of this one, as a process that was to ask for them has died, or was refused, or as they were
 * not to be had a while ago.
 */
export async function turnToReady(
  parts: Pick<Parts, 'db' | 'clock'>,
  pools: Pick<Pools, 'all' | 'find'>,
  begin: (row: VersionRow) => void,
): Promise<void> {
  for (const pool of pools.all) [pool.outgoing, pool.incoming] = [false, false];
  for (const { serving, team_id, ...row } of await functionsServedByAnother(parts.db)) {
    const { job_id } = row;
    const job = job_id === null ? undefined : await findJob(parts.db, job_id);
    if (!(await isReady(parts, team_id, waitedFor(row)))) {
      const coming = comingOf(job, row.tries);
      const [before, next] = [pools.find({ ...row, version: serving }), pools.find(row)];
      if (next !== undefined) next.incoming = true;
      const isDue = coming.state === 'rests' && coming.until <= parts.clock();
      if (before !== undefined) before.outgoing = isDue || coming.state === 'on-its-way';
      if (isDue) begin(row);
      continue;
    }
    // An instance comes with the job that installs. One that is over has had it, or brings none: the next call asks anew.
    const comes = job !== undefined && LIVE_STATES.some((live) => live === job.state);
    if (comes && (pools.find(row)?.instances.length ?? 0) === 0) continue;
    await serveActive(parts.db, row.function_id, { active: row.version, serving });
  }
}
