import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { specsAtStages } from '@parallel-pilot/shared/server/db/environments.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../../../parts.ts';

/** Longer than most packages take, milliseconds. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Whether a training before this one is about to have the same packages installed: of those that begin at once, as in a
 * sweep, one does. In the order of the jobs, so that none waits for one that waits for it, and for a while only: what keeps
 * the other one waiting need not keep this one.
 */
export async function areOnTheirWay(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  job: JobRow,
  { packages }: Pick<TrainingSpec, 'packages'>,
): Promise<boolean> {
  if (packages === null) return false;
  const specs = await specsAtStages(db, job, {
    stages: ['split', ENVIRONMENT],
    plannedSince: clock() - PATIENCE_MS,
  });
  return specs.some((spec) => TrainingSpec.parse(JSON.parse(spec)).packages?.key === packages.key);
}
