import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { deleteUnusedBlobs, findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import { BACKEND_KINDS } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';

/**
 * Removes blobs that a job has just freed. Those that were handed in more than once may be
 * another's result as well, on its way to the chunk it belongs to: they are left to the sweep,
 * as is everything when this process dies here.
 */
export async function letGo(parts: Parts, hashes: readonly BlobHash[]): Promise<void> {
  const distinct = [...new Set(hashes)];
  for (let at = 0; at < distinct.length; at += 500) {
    await deleteUnusedBlobs(parts.db, distinct.slice(at, at + 500), 'handed-in-once');
  }
  await removeFiles(parts, distinct);
}

/** Removes the files of those blobs that have no row any more, here and in the caches of the workers. */
export async function removeFiles(parts: Parts, hashes: Iterable<BlobHash>): Promise<void> {
  const gone: BlobHash[] = [];
  for (const hash of hashes) {
    await parts.blobTurns(hash, async () => {
      if ((await findBlob(parts.db, hash)) !== undefined) return;
      await parts.blobs.delete(hash);
      for (const kind of Object.values(BACKEND_KINDS)) await kind.forget?.(parts, [hash]);
      gone.push(hash);
    });
  }
  parts.balancer.blobsFreed(gone);
}
