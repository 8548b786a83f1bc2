import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { LIVE_STATES } from '@parallel-pilot/shared/model/job.ts';
import {
  type FunctionRow,
  findVersion,
  functionsServedByAnother,
  serveActive,
  type VersionRow,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { environmentOf } from '../../../packages/environments.ts';
import type { Parts } from '../../../parts.ts';
import type { Pools } from './pools.ts';

/** Whether calls of a version need not wait for its packages. */
export const isReady = async (
  parts: Pick<Parts, 'db' | 'clock'>,
  team: TeamId,
  { packages }: Pick<FunctionSpec, 'packages'>,
): Promise<boolean> => packages === null || (await environmentOf(parts, team, { packages })) !== null;

/** Which version goes on with the calls where `next` becomes the active one: null where that can take them, or none else can. */
export async function servingBeside(
  parts: Pick<Parts, 'db' | 'clock'>,
  of: FunctionRow | undefined,
  next: Pick<FunctionSpec, 'packages'> & { version: number | null },
): Promise<number | null> {
  if (of === undefined || (await isReady(parts, of.team_id, next))) return null;
  const version = of.serving_version ?? of.active_version;
  const row = version === next.version ? undefined : await findVersion(parts.db, of.id, version);
  if (row === undefined) return null;
  return (await isReady(parts, of.team_id, specOf(row))) ? version : null;
}

/**
 * Has active versions take the calls that another takes for them, where their packages are there and an instance is.
 * `install`: nobody is at the packages of this one, as a process that was to ask for them has died, or was refused.
 */
export async function turnToReady(
  parts: Pick<Parts, 'db' | 'clock'>,
  pools: Pools,
  install: (row: VersionRow) => void,
): Promise<void> {
  for (const pool of pools.all) pool.outgoing = false;
  for (const { serving, team_id, ...row } of await functionsServedByAnother(parts.db)) {
    const { job_id } = row;
    const job = job_id === null ? undefined : await findJob(parts.db, job_id);
    if (!(await isReady(parts, team_id, specOf(row)))) {
      const before = pools.find({ function_id: row.function_id, version: serving });
      if (before !== undefined) before.outgoing = true;
      if (job === undefined) install(row);
      continue;
    }
    // An instance comes with the job that installs. One that is over has had it, or brings none: the next call asks anew.
    const comes = job !== undefined && LIVE_STATES.some((live) => live === job.state);
    if (comes && (pools.find(row)?.instances.length ?? 0) === 0) continue;
    await serveActive(parts.db, row.function_id, { active: row.version, serving });
  }
}

const specOf = ({ spec_json }: Pick<VersionRow, 'spec_json'>): FunctionSpec =>
  FunctionSpec.parse(JSON.parse(spec_json));
