import { cacheKey } from '@parallel-pilot/shared/files/cache-key.ts';
import { chunkInputsOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { blobKey, type Lease, type Worker } from './farm.ts';

/** Of each worker; what came first is not told of any more. */
const MOST_GIVEN = 2_000;

/** Remembers which files a worker was told of with a lease: of no others may it hear that they are gone. */
export function recordGiven({ stage, worker }: Lease, chunkSpec: unknown): void {
  const { cacheScope } = stage.job.share;
  const own = chunkInputsOf(stage.job.kind, stage.name, chunkSpec);
  for (const { hash } of [...stage.inputs.slice(0, MOST_GIVEN), ...own]) {
    const at = blobKey(hash);
    if (worker.given.has(at)) continue;
    worker.given.set(at, cacheKey(cacheScope, hash));
    const oldest = worker.given.keys().next();
    if (worker.given.size > MOST_GIVEN && !oldest.done) worker.given.delete(oldest.value);
  }
}

/** Cache keys of those that the worker was told of, which it is told of no more. */
export const takeGiven = (worker: Worker, hashes: readonly BlobHash[]): BlobHash[] =>
  hashes.flatMap((hash) => {
    const at = blobKey(hash);
    const key = worker.given.get(at);
    worker.given.delete(at);
    return key ?? [];
  });
