import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { BlobHash, FunctionId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  functionsHoldingSources,
  jobsOfSources,
  lockFunction,
  releaseSourcesOf,
} from '@parallel-pilot/shared/server/db/function-images.ts';
import {
  type FunctionRow,
  functionById,
  type VersionRow,
  versionsOf,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { blobsOf, sourceOf, takenOf } from '../prepare.ts';
import { comingOf, type OfJob } from './coming.ts';

/** Functions let go of what nobody makes an image of any more. */
export async function releaseAllSources(db: Db): Promise<void> {
  for (const id of await functionsHoldingSources(db))
    await inTransaction(db, async (db) => {
      await lockFunction(db, id);
      await releaseSources(db, id);
    });
}

/**
 * A function lets go of what the images are made of that are there by now, or that will not come: of versions that have
 * failed for good, or that another has replaced before. Call it in a transaction that has locked the function.
 */
export async function releaseSources(db: Db, id: FunctionId): Promise<void> {
  const of = await functionById(db, id);
  if (of === undefined) return;
  const rows = await versionsOf(db, id);
  const holding = rows.filter(({ holds_source }) => holds_source === 1);
  const jobs = new Map((await jobsOfSources(db, id)).map((job) => [job.version, job]));
  const over = new Set(holding.filter((row) => !mayCome(row, jobs.get(row.version), of)));
  if (over.size === 0) return;
  const needed = new Set(rows.flatMap((row) => neededBy(row, over.has(row))));
  const made = [...over].flatMap((row) => sourceOf(specOf(row)));
  const versions = [...over].map(({ version }) => version);
  await releaseSourcesOf(
    db,
    id,
    versions,
    [...new Set(made)].filter((hash) => !needed.has(hash)),
  );
}

/** Whether its image is still to come of what it is made of. */
function mayCome(row: VersionRow, job: OfJob | undefined, of: FunctionRow): boolean {
  if (row.image_json !== null || specOf(row).image === null) return false;
  const { state } = comingOf(job, row.tries);
  if (row.version === of.active_version || row.version === of.serving_version) return state !== 'failed';
  return job !== undefined && state === 'on-its-way';
}

/** `over`: it needs nothing any more that its image is made of. */
function neededBy(row: VersionRow, over: boolean): BlobHash[] {
  const spec = specOf(row);
  return blobsOf({ ...spec, image: over ? null : spec.image, taken: takenOf(row) });
}

const specOf = ({ spec_json }: VersionRow): FunctionSpec => FunctionSpec.parse(JSON.parse(spec_json));
