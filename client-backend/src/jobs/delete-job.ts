import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { blobsOfJob, blobsUsedElsewhere, forgetBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import { chunkFiles, chunkFilesSince } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
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
  const since = parts.clock() - CLOCK_SKEW_MS;
  const garbage = await unusedBlobs(parts, id);
  const gone = await db.transaction().execute(async (trx) => {
    // A job submitted while the walk went on has its blobs in job_blobs, a frame finished meanwhile in its chunk.
    const used = new Set(await blobsUsedElsewhere(trx, id, garbage));
    for (const row of await chunkFilesSince(trx, id, since)) for (const hash of hashesOf(row)) used.add(hash);
    const free = garbage.filter((hash) => !used.has(hash));
    await deleteJob(trx, id);
    await forgetBlobs(trx, free);
    return free;
  });
  // The same bytes may have come again since the commit: their row says that they are to stay.
  for (const hash of gone) if ((await findBlob(db, hash)) === undefined) await blobs.delete(hash);
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
/** The balancer, which writes when a chunk finished, may run on a machine with another clock. */
const CLOCK_SKEW_MS = 10 * 60_000;

const hashesOf = ({ files_json }: { files_json: string | null }): BlobHash[] =>
  files_json === null ? [] : Files.parse(JSON.parse(files_json)).map((file) => file.hash);

type Whose = { job: JobId; others: boolean };

async function walk(parts: Parts, whose: Whose, see: (hash: BlobHash) => unknown): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await chunkFiles(parts.db, whose, after, PAGE);
    for (const row of rows) for (const hash of hashesOf(row)) see(hash);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}
