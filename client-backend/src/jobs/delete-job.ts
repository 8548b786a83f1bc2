import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { blobsOfJob, blobsUsedElsewhere, forgetBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { chunkFiles } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { deleteJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { z } from 'zod';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';

/**
 * Removes a job that is over, with the blobs that no other job uses. Frames of
 * two jobs may be the same blob (equal pixels have equal hashes), so one walk
 * over all chunks in pages finds what others use. A
 * crash leaves at worst files that no row names any more.
 */
export async function deleteJobWithBlobs(parts: Parts, id: JobId): Promise<void> {
  const { db, blobs } = parts;
  const kind = (await db.selectFrom('jobs').select('kind').where('id', '=', id).executeTakeFirst())?.kind;
  const garbage = await unusedBlobs(parts, id);
  const gone = await db.transaction().execute(async (trx) => {
    // A job submitted while the walk went on has its blobs in job_blobs.
    const used = new Set(await blobsUsedElsewhere(trx, id, garbage));
    const free = garbage.filter((hash) => !used.has(hash));
    await deleteJob(trx, id);
    await forgetBlobs(trx, free);
    return free;
  });
  for (const hash of gone) await blobs.delete(hash);
  if (kind !== undefined) await backendKindOf(kind).forget(parts, gone);
}

async function unusedBlobs(parts: Parts, id: JobId): Promise<BlobHash[]> {
  const own = new Set(await blobsOfJob(parts.db, id));
  const others = new Set<BlobHash>();
  await walk(parts, { job: id, others: false }, (hash) => own.add(hash));
  await walk(parts, { job: id, others: true }, (hash) => own.has(hash) && others.add(hash));
  const mine = [...own].filter((hash) => !others.has(hash));
  const used = new Set(await blobsUsedElsewhere(parts.db, id, mine));
  return mine.filter((hash) => !used.has(hash));
}

const Files = z.array(ResultFile.pick({ hash: true }));
const PAGE = 5_000;

type Whose = { job: JobId; others: boolean };

async function walk(parts: Parts, whose: Whose, see: (hash: BlobHash) => unknown): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await chunkFiles(parts.db, whose, after, PAGE);
    for (const row of rows) {
      if (row.files_json === null) continue;
      for (const file of Files.parse(JSON.parse(row.files_json))) see(file.hash);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}
